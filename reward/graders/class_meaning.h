#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cluster/base/bytes.h"
#include "cluster/base/enum_names.h"
#include "cluster/config/fields.h"
#include "reward/classifier/model.h"
#include "reward/grade/grade.h"

namespace temper {

// What the classes of a model that was trained from labels say of an answer.
enum class ClassMeaning : uint8_t { kHarm, kSeverity, kMode, kRefusal, kHelpfulness };
template <>
struct EnumNames<ClassMeaning> {
  static constexpr std::string_view kWhat = "meaning of classes";
  static constexpr EnumTable<ClassMeaning, 5> kTable{{{ClassMeaning::kHarm, "harm"},
                                                      {ClassMeaning::kSeverity, "severity"},
                                                      {ClassMeaning::kMode, "mode"},
                                                      {ClassMeaning::kRefusal, "refusal"},
                                                      {ClassMeaning::kHelpfulness, "helpfulness"}}};
};

// The keys of a grader's entry that say so.
struct MeaningOptions {
  ClassMeaning means = ClassMeaning::kHarm;
  double threshold = 0.5;                    // refusal: from this probability on it is one
  std::map<std::string, std::string> modes;  // mode: class -> response mode; a class that is called as one needs no entry

  void Encode(ByteWriter* out) const;
  static MeaningOptions Decode(ByteReader* in);
};
// `type`: of the grader, for the help.
void Describe(const std::string& type, MeaningOptions& options, ConfigFields& fields);

// The classes of a model, and how far each is from the first. Two classes have 0 and 1. Levels in
// order have their places between the lowest (0) and the highest (1). No values: the classes have
// no order.
struct ClassScale {
  std::vector<std::string> classes;
  std::vector<double> values;
};
ClassScale ScaleOf(const ClassifierModel& model);

// Makes grades of the probabilities of a model's classes. With v = their mean of the classes' values, which of two classes is P(second):
//   harm         s = 1 - v
//   severity     s = 1 - v, and the severity nearest to 4 v: people's levels lie evenly, as those of a policy spec's scores do not
//   mode         the response mode of the class that wins
//   refusal      bare_refusal where v reaches the threshold, else direct
//   helpfulness  h_direct = v
class ClassGrades {
 public:
  // Throws ConfigError, with `name`, where the classes cannot mean that.
  ClassGrades(ClassScale scale, MeaningOptions options, const std::string& name);
  static std::vector<GradePart> PartsOf(ClassMeaning means);

  // `best`: the class that wins, where that is not the most probable one.
  Grade GradeOf(std::span<const double> probabilities, const GradeRequest& request, std::optional<size_t> best = {}) const;

 private:
  double ValueOf(std::span<const double> probabilities) const;

  const MeaningOptions options_;
  const ClassScale scale_;
  std::vector<ResponseMode> modes_;  // by class, where it means modes
};

}  // namespace temper
