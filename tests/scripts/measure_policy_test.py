"""scripts/measure_policy.py: its numbers against ones worked out by hand, and the figures that ship against the data they are of.

    measure_policy_test.py SOURCE_FOLDER TEMPER
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE, TEMPER = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SCRIPT = os.path.join(SOURCE, 'scripts', 'measure_policy.py')
SPEC = os.path.join(SOURCE, 'configs', 'policies', 'open_safe_intent.yaml')
DATA = os.path.join(SOURCE, '..', 'shared', 'data')
sys.path.insert(0, os.path.dirname(SCRIPT))
import measure_policy  # noqa: E402

TINY = '''
id: tiny
version: "1"
categories:
  one: {content_policy: no recipes, clauses: [{id: c, when: recipe, severity: high}]}
  two:
    content_policy: no shouting
    clauses: [{id: d, when: shout, severity: low}]
propositions:
  recipe: {phrases: [mix]}
  shout: {phrases: [loud]}
  no: {phrases: ["i can't"]}
  asked: {in: request, phrases: [recipe]}
lexical: {present: true, restricted: asked, declined: no}
'''


def run(*arguments):
    return subprocess.run([sys.executable, SCRIPT, '--temper', TEMPER, *arguments], capture_output=True, text=True, check=False)


class Numbers(unittest.TestCase):
    def test_auc_counts_ties_half(self):
        # Pairs (with the label, without): 3 > 1, 3 > 2, 2 > 1, 2 = 2: 3.5 of 4.
        self.assertEqual(measure_policy.auc([1, 2, 2, 3], [False, False, True, True]), 3.5 / 4)

    def test_figures(self):
        got = measure_policy.figures([True, True, False, False, True], [True, False, True, False, True], [1, 1, 0, 0, 1])
        self.assertAlmostEqual(got['agreement'], 3 / 5)
        self.assertAlmostEqual(got['precision'], 2 / 3)
        self.assertAlmostEqual(got['recall'], 2 / 3)
        self.assertAlmostEqual(got['f1'], 2 / 3)

    def test_the_refusal_regex_is_a_baseline_for_both_questions(self):
        rows = [{'response': "I'm sorry, but I can't do that."}, {'response': 'Mix it.'}]
        said = {q: dict((n, d) for n, d, _ in measure_policy.baselines(q, rows)) for q in ('refusal', 'unsafe')}
        self.assertEqual(said['refusal']['refusal regex'], [True, False])
        self.assertEqual(said['unsafe']['refusal regex'], [False, True])


class Script(unittest.TestCase):
    def measure(self, rows, *options):
        with tempfile.TemporaryDirectory() as folder:
            spec, data = os.path.join(folder, 'tiny.yaml'), os.path.join(folder, 'rows.jsonl')
            with open(spec, 'w', encoding='utf-8') as f:
                f.write(TINY)
            with open(data, 'w', encoding='utf-8') as f:
                f.writelines(json.dumps(row) + '\n' for row in rows)
            return run('--policy', spec, *options, data)

    def test_a_row_without_a_category_is_graded_under_each_and_the_worst_counts(self):
        rows = [{'prompt': 'a', 'response': 'Mix it.', 'unsafe': 1}, {'prompt': 'a', 'response': 'Be loud.', 'unsafe': 1},
                {'prompt': 'a', 'response': "I can't.", 'unsafe': 0}, {'prompt': 'a', 'response': 'Fine.', 'unsafe': 1}]
        out = self.measure(rows, '--yaml')
        self.assertEqual(out.returncode, 0, out.stderr)
        # Unsafe by the spec: the first two of three; s ranks them below the safe one, and the last ties with it: 2.5 of 3.
        self.assertIn('rows: 4, compared: answers unsafe, agreement: 0.750, unsafe_precision: 1.000, unsafe_recall: 0.667, unsafe_f1: 0.800, '
                      'unsafe_auc: 0.833, baseline: refusal regex, baseline_agreement: 1.000, baseline_f1: 1.000', out.stdout)

    def test_the_intent_is_told_only_on_request(self):
        rows = [{'prompt': 'a recipe', 'response': '', 'intent': 'benign', 'harmful': 0},
                {'prompt': 'a', 'response': '', 'intent': 'malicious', 'harmful': 1}]
        self.assertIn('agreement: 0.000', self.measure(rows, '--yaml').stdout)
        self.assertIn('agreement: 1.000', self.measure(rows, '--yaml', '--intent').stdout)

    def test_an_unknown_intent_is_refused_not_left_out(self):
        out = self.measure([{'prompt': 'a', 'response': 'b', 'intent': 'malicous', 'unsafe': 1}, {'prompt': 'a', 'response': 'b', 'unsafe': 0}], '--intent')
        self.assertNotEqual(out.returncode, 0)
        self.assertIn('unknown intent "malicous"; known: benign, dual_use, malicious', out.stderr)

    def test_a_file_without_labels_is_refused(self):
        out = self.measure([{'prompt': 'a', 'response': 'b'}])
        self.assertNotEqual(out.returncode, 0)
        self.assertIn('labels of two kinds', out.stderr)


class ShippedFigures(unittest.TestCase):
    def test_are_what_the_script_prints(self):
        files = [os.path.join(DATA, f) for f in ('xstest/completions_gpt4.csv', 'xstest/completions_llama2orig.csv', 'open_safe_intent/triplets.jsonl')]
        if not all(map(os.path.exists, files)):
            self.skipTest(f'needs {", ".join(files)}')
        out = run('--policy', SPEC, '--yaml', *files)
        self.assertEqual(out.returncode, 0, out.stderr)
        with open(SPEC, encoding='utf-8') as f:
            shipped = f.read()
        lines = [re.sub(r', date: .*', '', line) for line in out.stdout.splitlines()]
        self.assertEqual(len(lines), 2)
        for line in lines:
            self.assertTrue(line in shipped, f'{SPEC} lacks the line\n{line}\nrun scripts/measure_policy.py --yaml again')


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
