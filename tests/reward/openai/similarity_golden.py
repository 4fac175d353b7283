#!/usr/bin/env python3
"""Writes the golden values of similarity_test.cc: python3 similarity_golden.py > similarity_golden.inc

Needs rapidfuzz 3.14.6, nltk 3.10.4 and rouge-score 0.1.2."""
import warnings

from nltk.tokenize import wordpunct_tokenize
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from nltk.translate.gleu_score import sentence_gleu
from rapidfuzz import fuzz, utils
from rouge_score import rouge_scorer

warnings.simplefilter('ignore')
LONG = 'The quick brown fox jumps over the lazy dog while seven wizards quietly box up twelve dozen liquor jugs for the evening. '
PAIRS = [
    ('Paris', 'Paris'),
    ('paris', 'Paris'),
    ('The capital of France is Paris.', 'Paris'),
    ('fuzzy wuzzy was a bear', 'fuzzy wuzzy had no hair'),
    ('the cat sat on the mat', 'the cat is on the mat'),
    ('It is a guide to action which ensures that the military always obeys the commands of the party',
     'It is a guide to action that ensures that the military will forever heed Party commands'),
    ('John Doe', 'Jon Doe'),
    ('Doe, John', 'John Doe'),
    ('', 'something'),
    ('something', ''),
    ('!!!', '???'),
    ('alpha beta gamma', 'delta epsilon'),
    ('a b c d e f g', 'g f e d c b a'),
    ('1.0', '1'),
    ('the the the the', 'the cat'),
    ('kitten', 'sitting'),
    ('Caf\u00e9 cr\u00e8me', 'cafe creme'),
    ('\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440', '\u043f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!'),
    (LONG, LONG.replace('lazy', 'sleepy').replace('seven', 'eight')),
    (LONG * 2, 'seven wizzards quietly box'),
    ('box wizards', LONG * 3),
    ('lorem ipsum', 'ipsum lorem dolor sit amet consectetur'),
    ('{"a": 1, "b": [2, 3]}', '{"a": 1, "b": [3, 2]}'),
]


def literal(text):
    out = ''
    for byte in text.encode():
        c = chr(byte)
        out += '\\' + c if c in '"\\' else c if 32 <= byte < 127 and c != '?' else f'\\{byte:03o}'
    return '"' + out + '"'


def main():
    names = [f'rouge{n}' for n in range(1, 6)] + ['rougeL']
    scorer = rouge_scorer.RougeScorer(names, use_stemmer=False)
    print('// input, reference, ratio, wratio, bleu, gleu, rouge 1 to 5 and l. Written by similarity_golden.py.')
    for given, wanted in PAIRS:
        a, b = utils.default_process(given), utils.default_process(wanted)
        ratio = fuzz.ratio(a, b) / 100 if a and b else 0
        tokens, reference = wordpunct_tokenize(given), wordpunct_tokenize(wanted)
        bleu = sentence_bleu([reference], tokens, smoothing_function=SmoothingFunction().method3, auto_reweigh=True) if tokens and reference else 0
        gleu = sentence_gleu([reference], tokens) if tokens or reference else 0
        rouge = scorer.score(wanted, given)
        values = [ratio, fuzz.WRatio(a, b) / 100, bleu, gleu] + [rouge[n].fmeasure for n in names]
        print('{' + ', '.join([literal(given), literal(wanted), '{' + ', '.join(f'{v:.12g}' for v in values) + '}']) + '},')


if __name__ == '__main__':
    main()
