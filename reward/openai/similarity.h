#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace temper {

// Metrics of text_similarity, each in [0, 1]. OpenAI's documentation names them without a formula; these are the usual ones, of the
// packages that its graders can import.

// BLEU of one sentence (Papineni et al. 2002) over 1- to 4-grams, with equal weights over the
// lengths that the answer has and a brevity penalty. Counts of zero are smoothed by a geometric
// sequence (method 3 of Chen and Cherry 2014). It is nltk's sentence_bleu(method3, auto_reweigh)
// over wordpunct tokens. 0 where no word is shared, or either text has none.
double Bleu(std::string_view input, std::string_view reference);

// Google's BLEU (Wu et al. 2016): the smaller of precision and recall over all 1- to 4-grams; nltk's sentence_gleu over wordpunct tokens.
double Gleu(std::string_view input, std::string_view reference);

// ROUGE-N (Lin 2004), n = 1 to 5: the F measure of n-grams; ROUGE-L: of the longest common subsequence. Of rouge-score 0.1.2 without
// stemming: runs of ASCII letters and digits in lower case; other letters count for nothing.
double RougeN(std::string_view input, std::string_view reference, int n);
double RougeL(std::string_view input, std::string_view reference);

// The tokens of Bleu and Gleu: runs of letters, digits, _ and bytes beyond ASCII; runs of other visible characters.
std::vector<std::string> WordPunctTokens(std::string_view text);

// Texts that RougeL takes at most, in tokens; what is behind them counts for nothing.
inline constexpr size_t kMaxRougeTokens = 8192;

}  // namespace temper
