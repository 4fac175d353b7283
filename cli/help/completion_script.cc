#include "cli/help/completion_script.h"

#include <algorithm>

#include "cluster/base/error.h"

namespace temper {
namespace {

// One word of a shell, whatever is in it. In fish a backslash is special between such quotes too.
std::string InQuotes(const std::string& text, Shell shell) {
  std::string quoted = "'";
  for (const char c : text) {
    if (shell == Shell::kFish && (c == '\'' || c == '\\'))
      quoted += std::string("\\") + c;
    else if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

std::string Joined(const std::vector<std::string>& words, const std::string& between) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : between) + word;
  return all;
}

// The first part of a help text: a menu has a line for it.
std::string Short(const std::string& help) { return help.substr(0, help.find_first_of(";\n")); }

// 'temper launch slurm'|...: commands below another, for a case of a shell.
std::string CommandPatterns(const CommandHelp& program, Shell shell, const std::string& between) {
  std::vector<std::string> patterns;
  for (const CommandHelp* command : Flattened(program))
    if (command != &program) patterns.push_back(InQuotes(command->words, shell));
  return Joined(patterns, between);
}

// A line of a case for each kind of option that takes a value: `choices` says what completes a list of them, `other` what any other value.
template <typename OfChoices>
std::string ValueCases(const CommandHelp& program, OfChoices of_choices, const std::string& other) {
  std::string cases;
  std::vector<std::string> free;
  for (const CommandHelp* command : Flattened(program)) {
    for (const OptionHelp& option : command->options) {
      if (option.value.empty()) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) patterns.push_back(InQuotes(command->words + " " + name, Shell::kBash));
      if (option.choices.empty())
        free.insert(free.end(), patterns.begin(), patterns.end());
      else
        cases += Concat("    ", Joined(patterns, "|"), ") ", of_choices(Joined(option.choices, " ")), "; return ;;\n");
    }
  }
  if (!free.empty()) cases += Concat("    ", Joined(free, "|"), ") ", other, "; return ;;\n");
  return cases;
}

std::vector<std::string> NamesOfOptions(const CommandHelp& command) {
  std::vector<std::string> names;
  for (const OptionHelp& option : command.options) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::string BashScript(const CommandHelp& program) {
  std::string words;
  for (const CommandHelp* command : Flattened(program)) {
    std::vector<std::string> names;
    for (const CommandHelp& below : command->commands) names.push_back(below.name());
    words += Concat("    ", InQuotes(command->words, Shell::kBash), ") commands='", Joined(names, " "), "' options='",
                    Joined(NamesOfOptions(*command), " "), "' ;;\n");
  }
  const auto choices = [](const std::string& all) { return Concat("mapfile -t COMPREPLY < <(compgen -W '", all, "' -- \"$current\")"); };
  return Concat("# Completion of ", program.words, " for bash, made by: ", program.words, " completion bash\n_", program.words,
                "() {\n"
                "  local current=${COMP_WORDS[COMP_CWORD]} command=",
                program.words,
                " commands= options= word\n"
                "  COMPREPLY=()\n"
                "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                "    case \"$command $word\" in ",
                CommandPatterns(program, Shell::kBash, "|"),
                ") command=\"$command $word\" ;; esac\n"
                "  done\n"
                "  case \"$command ${COMP_WORDS[COMP_CWORD-1]}\" in\n",
                ValueCases(program, choices, ":"),
                "  esac\n"
                "  case \"$command\" in\n",
                words,
                "  esac\n"
                "  case \"$current\" in\n"
                "    -*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\") ;;\n"
                "    *) mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$current\") ;;\n"
                "  esac\n"
                "}\n"
                "complete -o bashdefault -o default -F _",
                program.words, " ", program.words, "\n");
}

// name:help, as _describe takes it.
std::string Described(const std::string& name, const std::string& help) {
  std::string escaped;
  for (const char c : name) escaped += c == ':' ? "\\:" : std::string(1, c);
  return InQuotes(Concat(escaped, ":", Short(help)), Shell::kZsh);
}

std::string ZshScript(const CommandHelp& program) {
  std::string words;
  for (const CommandHelp* command : Flattened(program)) {
    std::vector<std::string> commands, options;
    for (const CommandHelp& below : command->commands) commands.push_back(Described(below.name(), below.help));
    for (const OptionHelp& option : command->options)
      for (const std::string& name : option.names) options.push_back(Described(name, option.help));
    words += Concat("    ", InQuotes(command->words, Shell::kZsh), ")\n      commands=(", Joined(commands, " "), ")\n      options=(",
                    Joined(options, " "), ") ;;\n");
  }
  const auto choices = [](const std::string& all) { return Concat("compadd -- ", all); };
  return Concat("#compdef ", program.words, "\n# Completion of ", program.words, " for zsh, made by: ", program.words,
                " completion zsh\n"
                "_",
                program.words,
                "() {\n"
                "  local command=",
                program.words,
                " word\n"
                "  local -a commands options\n"
                "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
                "    case \"$command $word\" in\n      ",
                CommandPatterns(program, Shell::kZsh, "|"),
                ") command=\"$command $word\" ;;\n"
                "    esac\n"
                "  done\n"
                "  case \"$command ${words[CURRENT-1]}\" in\n",
                ValueCases(program, choices, "_files"),
                "  esac\n"
                "  case \"$command\" in\n",
                words,
                "  esac\n"
                "  if [[ $PREFIX == -* ]]; then\n"
                "    _describe -o option options\n"
                "  else\n"
                "    (( $#commands )) && _describe command commands\n"
                "    [[ $command == ",
                program.words,
                " ]] || _files\n"
                "  fi\n"
                "}\n"
                "if [ \"$funcstack[1]\" = _",
                program.words, " ]; then _", program.words, " \"$@\"; else compdef _", program.words, " ", program.words, "; fi\n");
}

std::string FishOption(const OptionHelp& option) {
  std::string line;
  for (const std::string& name : option.names) line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!option.choices.empty())
    line += " -x -a " + InQuotes(Joined(option.choices, " "), Shell::kFish);
  else if (!option.value.empty())
    line += " -r";
  return line + " -d " + InQuotes(Short(option.help), Shell::kFish);
}

std::string FishScript(const CommandHelp& program) {
  const std::string function = Concat("__", program.words, "_command");
  std::string script = Concat("# Completion of ", program.words, " for fish, made by: ", program.words,
                              " completion fish\n"
                              "function ",
                              function, "\n  set -l command ", program.words,
                              "\n  for word in (commandline -opc)[2..-1]\n    switch \"$command $word\"\n      case ",
                              CommandPatterns(program, Shell::kFish, " "),
                              "\n        set command \"$command $word\"\n    end\n  end\n  echo $command\nend\n");
  for (const CommandHelp* command : Flattened(program)) {
    const std::string here =
        Concat("complete -c ", program.words, " -n ", InQuotes(Concat("test (", function, ") = \"", command->words, "\""), Shell::kFish));
    for (const CommandHelp& below : command->commands)
      script +=
          Concat(here, command == &program ? " -f" : "", " -a ", below.name(), " -d ", InQuotes(Short(below.help), Shell::kFish), "\n");
    for (const OptionHelp& option : command->options) script += Concat(here, FishOption(option), "\n");
  }
  return script;
}

}  // namespace

std::string CompletionScript(const CommandHelp& program, Shell shell) {
  switch (shell) {
    case Shell::kBash:
      return BashScript(program);
    case Shell::kZsh:
      return ZshScript(program);
    case Shell::kFish:
      return FishScript(program);
  }
  TEMPER_FAIL("no such shell");
}

}  // namespace temper
