#include "cli/help/man_page.h"

#include <cctype>
#include <sstream>

#include "cluster/base/error.h"

namespace temper {
namespace {

// Text as roff shows it: a backslash and a hyphen are themselves, and a line does not begin as a request.
std::string Roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '|')
      out += "|\\:";  // a long list of choices may be broken here
    else
      out += c;
  }
  return out;
}

std::string Bold(const std::string& text) { return "\\fB" + Roff(text) + "\\fR"; }
std::string Italic(const std::string& text) { return "\\fI" + Roff(text) + "\\fR"; }

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// What stands behind "Temper: ".
std::string AfterName(const std::string& help) {
  const size_t colon = help.find(": ");
  return colon == std::string::npos ? help : help.substr(colon + 2);
}

std::string Synopsis(const CommandHelp& command) {
  std::string line = Bold(command.words);
  for (const OptionHelp& option : command.options)
    if (option.required) line += " " + Bold(option.names.back()) + " " + Italic(option.value);
  for (const ArgumentHelp& argument : command.arguments) {
    const std::string name = Italic(argument.name) + (argument.many ? " ..." : "");
    line += argument.required ? " " + name : " [" + name + "]";
  }
  return line + " [options]";
}

std::string Entry(const std::string& term, const std::string& help) { return Concat(".TP\n", term, "\n", Roff(help), "\n"); }

std::string OptionEntry(const OptionHelp& option) {
  std::string term;
  for (const std::string& name : option.names) term += (term.empty() ? "" : ", ") + Bold(name);
  if (!option.value.empty()) term += " " + Italic(option.value);
  std::string help = option.help;
  for (size_t i = 0; i < option.choices.size(); ++i) help += (i == 0 ? " [" : "|") + option.choices[i];
  if (!option.choices.empty()) help += "]";
  if (option.required) help += " (required)";
  return Entry(term, help);
}

std::string Examples(const std::string& footer) {
  std::string text;
  std::istringstream lines(footer);
  for (std::string line; std::getline(lines, line);) text += line.empty() ? "" : Roff(line) + "\n";
  return text.empty() ? "" : ".PP\n.EX\n" + text + ".EE\n";
}

std::string Section(const CommandHelp& command) {
  std::string text = Concat(".SS ", Roff(command.words), "\n", Roff(command.help), "\n.PP\n", Synopsis(command), "\n");
  for (const ArgumentHelp& argument : command.arguments) text += Entry(Italic(argument.name), argument.help);
  for (const OptionHelp& option : command.options) text += OptionEntry(option);
  return text + Examples(command.footer);
}

std::string ExitStatus() {
  const auto entry = [](int code, const char* meaning) { return Entry(Bold(std::to_string(code)), meaning); };
  return ".SH EXIT STATUS\n" + entry(kExitDone, "done") +
         entry(kExitFound, "a check found something: doctor, journal, status, audit, policy check") +
         entry(kExitRetry, "something failed; a checkpoint may help, and temper launch starts the job again from it") +
         entry(kExitUnhealthy,
               "training is unhealthy: no finite gradient in three steps in a row, or graders that drift away from gold answers") +
         entry(kExitConfig, "a mistake in the configuration, the data or the arguments") +
         entry(kExitPreempted, "stopped on request with a checkpoint written; the same command goes on");
}

}  // namespace

std::string ManPage(const CommandHelp& program, const std::string& version) {
  std::string text = Concat(".\\\" Made by: ", program.words, " man\n.TH ", Upper(program.words), " 1 \"\" \"", Roff(program.words), " ",
                            Roff(version), "\" \"User Commands\"\n.ad l\n.SH NAME\n", program.words, " \\- ", Roff(AfterName(program.help)),
                            "\n.SH SYNOPSIS\n", Bold(program.words), " ", Italic("command"),
                            " [options]\n.SH DESCRIPTION\nA job is a YAML file, CONFIG below. Where there is no file of that name, the one "
                            "that was installed with the program is taken: configs/quickstart.yaml is one.\n.SH OPTIONS\n");
  for (const OptionHelp& option : program.options) text += OptionEntry(option);
  text += ".SH COMMANDS\n";
  for (const CommandHelp* command : Flattened(program))
    if (command != &program) text += Section(*command);
  return text + ExitStatus();
}

}  // namespace temper
