#include "cli/learned/classifier_options.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <nlohmann/json.hpp>

#include "cli/learned/classifier_numbers.h"
#include "cluster/base/error.h"
#include "reward/classifier/sources.h"
#include "reward/text/dense.h"

namespace temper {
namespace {

std::vector<std::string> PartsOf(const std::string& text, char by) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == by)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

int32_t LengthOf(const std::string& text, const std::string& spec) {
  const std::optional<double> number = NumberOf(text);
  if (!number || *number < 1 || *number > kMaxNgram || *number != static_cast<int32_t>(*number))
    throw ConfigError(Concat("--space ", spec, ": '", text, "' is not a length from 1 to ", kMaxNgram));
  return static_cast<int32_t>(*number);
}

// TEXT:UNIT:MIN-MAX[:SCALE[:CHARACTERS]], e.g. answer:characters:2-5:0.5.
SpaceOptions SpaceOf(const std::string& spec, const ClassifierTrainArguments& arguments) {
  const std::vector<std::string> parts = PartsOf(spec, ':');
  const std::vector<std::string> lengths = PartsOf(parts.size() > 2 ? parts[2] : "", '-');
  const std::optional<TextOf> of = ValueOf<TextOf>(parts[0]);
  const std::optional<NgramUnit> unit = ValueOf<NgramUnit>(parts.size() > 1 ? parts[1] : "");
  if (!of || !unit || lengths.size() != 2 || parts.size() > 5)
    throw ConfigError(Concat("--space ", spec,
                             ": expected TEXT:UNIT:MIN-MAX[:SCALE[:CHARACTERS]] with TEXT of answer, prompt, both "
                             "and UNIT of words, characters"));
  SpaceOptions space{*of, {}, 1};
  space.ngrams.unit = *unit;
  space.ngrams.min_n = LengthOf(lengths[0], spec);
  space.ngrams.max_n = LengthOf(lengths[1], spec);
  space.ngrams.slot_bits = static_cast<int32_t>(arguments.slot_bits);
  if (*unit == NgramUnit::kCharacter) space.ngrams.max_characters = arguments.max_characters;
  const std::optional<double> scale = parts.size() > 3 ? NumberOf(parts[3]) : 1;
  if (space.ngrams.min_n > space.ngrams.max_n || !scale || *scale <= 0)
    throw ConfigError(Concat("--space ", spec, ": the lengths must rise and the scale be above 0"));
  space.scale = *scale;
  if (parts.size() == 5) {
    const std::optional<double> limit = NumberOf(parts[4]);
    if (!limit || *limit < 0 || *limit > 1e9 || *limit != std::floor(*limit))
      throw ConfigError(Concat("--space ", spec, ": '", parts[4], "' is not a number of characters"));
    space.ngrams.max_characters = static_cast<int64_t>(*limit);
  }
  return space;
}

std::vector<SpaceOptions> SpacesOf(const ClassifierTrainArguments& arguments) {
  std::vector<std::string> specs = arguments.spaces;
  if (specs.empty() && !arguments.no_ngrams) {
    if (!arguments.labels.columns.text.empty()) specs = {"answer:words:1-2", "answer:characters:2-5"};
    const bool alone = specs.empty();
    if (!arguments.labels.columns.prompt.empty())
      specs.insert(specs.end(),
                   {alone ? "prompt:words:1-2" : "prompt:words:1-2:0.3", alone ? "prompt:characters:2-5" : "prompt:characters:2-5:0.3"});
  }
  std::vector<SpaceOptions> spaces;
  for (const std::string& spec : specs) {
    spaces.push_back(SpaceOf(spec, arguments));
    const TextOf of = spaces.back().of;
    const bool has = (of == TextOf::kPrompt || !arguments.labels.columns.text.empty()) &&
                     (of == TextOf::kAnswer || !arguments.labels.columns.prompt.empty());
    if (!has) throw ConfigError(Concat("--space ", spec, ": its text has no column (--text-column, --prompt-column)"));
  }
  return spaces;
}

std::vector<Trick> TricksOf(const std::vector<std::string>& words) {
  std::vector<Trick> out;
  for (const auto& [trick, name] : EnumNames<Trick>::kTable)
    if (std::any_of(words.begin(), words.end(), [&, &named = name](const std::string& word) { return word == "tricks" || word == named; }))
      out.push_back(trick);
  return out;
}

std::vector<std::string> TrickWordsOfCli() {
  std::vector<std::string> words = {"tricks"};
  for (const auto& [unused, name] : EnumNames<Trick>::kTable) words.emplace_back(name);
  return words;
}

LinearKind KindOf(const ClassifierTrainArguments& arguments, size_t classes) {
  if (arguments.ordinal) return LinearKind::kOrdinal;
  return classes == 2 && !arguments.multiclass ? LinearKind::kBinary : LinearKind::kMultinomial;
}

}  // namespace

void BindLabels(CLI::App* command, LabelArguments* arguments) {
  LabelColumns& columns = arguments->columns;
  command->add_option("data", arguments->data, ".csv, .jsonl or .json files of labelled texts")->required();
  command->add_option("--text-column", columns.text, "column of the answer");
  command->add_option("--prompt-column", columns.prompt, "column of the prompt");
  command->add_option("--label-column", columns.label, "column of what people said")->required();
  command->add_option("--source-column", columns.source, "column that says where a row comes from; figures are given for each source");
  command->add_option("--map", arguments->renamed, "OLD=NEW: a label counts as another one; may be given again")->allow_extra_args(false);
  command->add_option("--yes-from", arguments->yes_from, "labels are numbers: from this one on they mean yes, below no");
}

LabelledRows LoadRows(const LabelArguments& arguments) {
  if (arguments.columns.text.empty() && arguments.columns.prompt.empty())
    throw ConfigError("name the text to read: --text-column, --prompt-column or both");
  std::map<std::string, std::string> renamed;
  for (const std::string& each : arguments.renamed) {
    const size_t equals = each.find('=');
    if (equals == std::string::npos) throw ConfigError(Concat("--map ", each, ": expected OLD=NEW"));
    renamed[each.substr(0, equals)] = each.substr(equals + 1);
  }
  LabelledRows rows = LoadLabelledRows(arguments.data, arguments.columns, renamed);
  if (arguments.yes_from.empty()) return rows;
  const std::optional<double> from = NumberOf(arguments.yes_from);
  if (!from) throw ConfigError(Concat("--yes-from ", arguments.yes_from, ": not a number"));
  for (LabelledRow& row : rows.rows) {
    const std::optional<double> number = NumberOf(row.label);
    if (!number) throw ConfigError(Concat(row.place, ": the label '", row.label, "' is not a number, which --yes-from needs"));
    row.label = *number >= *from ? "yes" : "no";
  }
  return rows;
}

void BindTraining(CLI::App* command, ClassifierTrainArguments* a) {
  BindLabels(command, &a->labels);
  LabelColumns& columns = a->labels.columns;
  command->add_option("--group-column", columns.group,
                      "rows of one group are never on both sides of a split (default: the prompt, or the text)");
  command->add_option("--weight-column", columns.weight, "column of how much a row counts");
  command->add_option("--pair-column", columns.pair,
                      "column that names pairs: what is learned is what sets the yes of a pair apart from its no");
  command->add_option("--leave-out", columns.left_out,
                      "validate by leaving each value of this column out of training in turn; rows without one are always trained on "
                      "(default: one split that keeps a fifth of the groups out)");
  auto* ordinal = command->add_flag("--ordinal", a->ordinal, "the classes have an order");
  command->add_flag("--multiclass", a->multiclass, "a multinomial model for two classes, too")->excludes(ordinal);
  command->add_option("--classes", a->classes, "the classes in their order, of two the second is yes (default: the labels, sorted)")
      ->delimiter(',')
      ->allow_extra_args(false);
  auto* spaces = command
                     ->add_option("--space", a->spaces,
                                  "n-grams as TEXT:UNIT:MIN-MAX[:SCALE[:CHARACTERS]]; may be given again (default: words 1-2 and "
                                  "characters 2-5 of the answer; with a prompt column these of the prompt at scale .3)")
                     ->allow_extra_args(false);
  command->add_flag("--no-ngrams", a->no_ngrams, "numbers and members alone")->excludes(spaces);
  command->add_option("--dense", a->dense, "numbers of the texts, as NAME or NAME:WEIGHT, or all")->delimiter(',')->allow_extra_args(false);
  command->add_option("--dense-scale", a->options.dense_scale, "scale of numbers and members: a smaller one is regularised more")
      ->check(CLI::Range(1e-6, 1e6));
  command
      ->add_option("--member", a->members,
                   "another classifier's file, whose output is a number of this one, as FILE or FILE:WEIGHT; may be given again")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--product", a->products,
          "two members by the names of their files, as A*B or A*B:WEIGHT: the product of what they say is a number of this one; may be "
          "given again")
      ->allow_extra_args(false);
  command->add_option("--ngrams-weight", a->ngrams_weight,
                      "where weights are chosen: that of what the n-grams learn (default 1); all parts are standardised");
  command->add_option("--balance", a->balance, "what counts the same: none, class, or source_class")
      ->check(CLI::IsMember({"none", "class", "source_class"}));
  command->add_option("-C,--inverse-penalty", a->options.linear.c, "inverse of the strength of the L2 penalty (default 1)")
      ->check(CLI::Range(1e-9, 1e9));
  command->add_option("--max-features", a->options.vocabulary.max_features, "n-grams kept in each space, the most frequent (default 60000)")
      ->check(CLI::Range(1, 4000000));
  command->add_option("--min-texts", a->options.vocabulary.min_texts, "texts that an n-gram must be in (default 1)")
      ->check(CLI::PositiveNumber);
  command->add_option("--min-sources", a->options.vocabulary.min_sources, "sources that an n-gram must be in (default 1)")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--max-characters", a->max_characters, "what character n-grams are read from: the first so many (default 1500; 0 = all)")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--slot-bits", a->slot_bits, "n-grams are hashed into 2^so many slots (default 20)")
      ->check(CLI::Range(6, kMaxSlotBits));
  command->add_flag("--keep-spaced", a->keep_spaced, "do not join letters that stand apart");
  command->add_option("--augment", a->tricks, "train on copies under cheap tricks, too: tricks (all of them), or some by name")
      ->delimiter(',')
      ->check(CLI::IsMember(TrickWordsOfCli()))
      ->allow_extra_args(false);
  command->add_option("--augment-label", a->options.trick_label, "copies of the rows with this label alone (default: of all rows)");
  command->add_option("--copies", a->options.copies, "copies of each row (default 2)")->check(CLI::Range(1, 100));
  command->add_option("--copy-weight", a->options.copy_weight, "how much a copy counts beside its row (default .5)")
      ->check(CLI::Range(0.0, 100.0));
  command->add_option("--calibrate", a->calibration, "platt, isotonic or none")->check(CLI::IsMember({"none", "platt", "isotonic"}));
  command->add_option("--held-out", a->held_out, "file for what was said of each held-out row, as JSONL");
  command->add_option("--out", a->out, "the classifier's file")->required();
}

ClassifierOptions OptionsOf(const ClassifierTrainArguments& arguments, const LabelledRows& rows) {
  ClassifierOptions options = arguments.options;
  options.classes = arguments.classes.empty() ? ClassesOf(rows.rows) : arguments.classes;
  if (options.classes.size() < 2 || options.classes.size() > kMaxClasses)
    throw ConfigError(Concat("there are ", options.classes.size(), " different labels in column '", arguments.labels.columns.label,
                             "'; a classifier has 2 to ", kMaxClasses, " classes"));
  options.kind = KindOf(arguments, options.classes.size());
  options.spaces = SpacesOf(arguments);
  SetNumbers(arguments, &options);
  options.pairs = !arguments.labels.columns.pair.empty();
  options.normalization.join_spaced = !arguments.keep_spaced;
  options.balance = ParseEnum<ClassBalance>(arguments.balance);
  options.calibration = ParseEnum<CalibrationKind>(arguments.calibration);
  options.tricks = TricksOf(arguments.tricks);
  if (!options.trick_label.empty() &&
      std::find(options.classes.begin(), options.classes.end(), options.trick_label) == options.classes.end())
    throw ConfigError(Concat("--augment-label ", options.trick_label, ": no row has this label"));
  if (options.calibration == CalibrationKind::kIsotonic && options.kind != LinearKind::kBinary)
    throw ConfigError("--calibrate isotonic is for two classes; platt is for any number");
  if (options.spaces.empty() && options.dense.empty() && options.members.empty())
    throw ConfigError("there is nothing to learn from: --no-ngrams needs --dense or --member");
  return options;
}

std::string OptionsAsJson(const ClassifierTrainArguments& arguments, const ClassifierOptions& options, const LabelledRows& rows) {
  nlohmann::ordered_json out;
  out["kind"] = NameOf(options.kind);
  for (const SpaceOptions& space : options.spaces)
    out["spaces"].push_back(
        Concat(NameOf(space.of), ":", NameOf(space.ngrams.unit), ":", space.ngrams.min_n, "-", space.ngrams.max_n, ":", space.scale));
  for (const uint32_t feature : options.dense) out["dense"].push_back(DenseFeatures()[feature].name);
  for (const MemberModel& member : options.members) out["members"].push_back(member.name);
  for (const auto& [first, second] : options.products)
    out["products"].push_back(Concat(options.members[first].name, "*", options.members[second].name));
  if (options.blend) out["blend"] = {{"ngrams", options.blend->ngrams}, {"numbers", options.blend->numbers}};
  if (options.pairs) out["pairs"] = arguments.labels.columns.pair;
  for (const Trick trick : options.tricks) out["tricks"].push_back(NameOf(trick));
  if (!options.trick_label.empty()) out["trick_label"] = options.trick_label;
  out["dense_scale"] = options.dense_scale;
  out["balance"] = arguments.balance;
  out["calibration"] = arguments.calibration;
  out["c"] = options.linear.c;
  out["max_features"] = options.vocabulary.max_features;
  out["min_texts"] = options.vocabulary.min_texts;
  out["min_sources"] = options.vocabulary.min_sources;
  out["max_characters"] = arguments.max_characters;
  out["leave_out"] = arguments.labels.columns.left_out;
  out["sources"] = SourcesOf(rows.rows);
  return out.dump();
}

}  // namespace temper
