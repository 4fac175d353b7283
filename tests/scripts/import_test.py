#!/usr/bin/env python3
"""temper import openai-rft, and the job it writes: import_test.py SOURCE TEMPER"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

TEMPER = sys.argv.pop()
SOURCE = sys.argv.pop()

JOB = {
    'model': 'o4-mini-2025-04-16',
    'method': {'type': 'reinforcement', 'reinforcement': {
        'grader': {'type': 'multi', 'name': 'm', 'calculate_output': '0.5 * exact + 0.5 * close', 'graders': {
            'exact': {'type': 'string_check', 'name': 'exact', 'operation': 'ilike', 'input': '{{sample.output_text}}', 'reference': '{{item.city}}'},
            'close': {'type': 'text_similarity', 'name': 'close', 'evaluation_metric': 'rouge_1', 'input': '{{sample.output_text}}',
                      'reference': '{{item.meta.sentence}}'}}},
        'hyperparameters': {'n_epochs': 1, 'batch_size': 2, 'eval_samples': 1}}},
}


def rows(count):
    for i in range(count):
        yield json.dumps({'messages': [{'role': 'user', 'content': f'What is the capital of land {i}?'}], 'city': f'City{i}',
                          'meta': {'sentence': f'It is City{i}.'}})


def temper(*arguments, **options):
    return subprocess.run([TEMPER, *arguments], capture_output=True, text=True, check=False, **options)


class Import(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = self.folder.name
        with open(os.path.join(self.path, 'job.json'), 'w', encoding='utf-8') as f:
            json.dump(JOB, f)
        with open(os.path.join(self.path, 'train.jsonl'), 'w', encoding='utf-8') as f:
            f.write('\n'.join(rows(10)) + '\n')

    def test_the_job_runs(self):
        done = temper('import', 'openai-rft', 'job.json', 'train.jsonl', '--out', 'imported', cwd=self.path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('10 rows, job.yaml, prompts.jsonl, grader.json', done.stdout)
        self.assertIn('cannot be trained here', done.stdout)
        ran = temper('train', '--in-process', 'imported/job.yaml', 'run.dir=runs', 'rl.steps=1', cwd=self.path)
        self.assertEqual(ran.returncode, 0, ran.stderr[-2000:] + ran.stdout[-2000:])
        with open(os.path.join(self.path, 'runs/openai_rft/main/eval/held_out.jsonl'), encoding='utf-8') as f:
            grades = [json.loads(line)['grade'] for line in f]
        self.assertEqual({g['outcome'] for g in grades}, {'ok'})
        self.assertEqual(set(grades[0]['verdicts'][0]['values']), {'helpfulness_direct'})

    def test_its_graders_grade(self):
        temper('import', 'openai-rft', 'job.json', 'train.jsonl', '--out', 'imported', cwd=self.path)
        with open(os.path.join(self.path, 'answers.jsonl'), 'w', encoding='utf-8') as f:
            for answer in ('It is City1.', 'It is Rome.'):
                f.write(json.dumps({'prompt': 'x', 'response': answer, 'city': 'City1', 'meta': {'sentence': 'It is City1.'}}) + '\n')
        graded = temper('grade', '--config', 'imported/job.yaml', 'answers.jsonl', cwd=self.path)
        self.assertEqual(graded.returncode, 0, graded.stderr)
        first, second = (json.loads(line)['helpfulness'] for line in graded.stdout.splitlines())
        self.assertEqual(first, 1)
        self.assertAlmostEqual(second, 0.5 * 2 / 3)  # "it is" of three words on both sides

    def test_a_grader_that_asks_a_model_needs_an_address(self):
        grader = {'type': 'label_model', 'model': 'o3-mini', 'labels': ['good', 'bad'], 'passing_labels': ['good'],
                  'input': [{'role': 'user', 'content': '{{item.city}}: {{sample.output_text}}'}]}
        with open(os.path.join(self.path, 'judge.json'), 'w', encoding='utf-8') as f:
            json.dump(grader, f)
        done = temper('import', 'openai-rft', 'judge.json', 'train.jsonl', '--out', 'imported', cwd=self.path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('The grader asks a model (o3-mini): before the job starts, set `url`', done.stdout)
        refused = temper('train', 'imported/job.yaml', '--dry-run', cwd=self.path)
        self.assertEqual(refused.returncode, 78, refused.stderr)
        self.assertIn('must name a server of chat completions', refused.stderr)
        job = os.path.join(self.path, 'imported/job.yaml')
        with open(job, encoding='utf-8') as f:
            told = f.read().replace("url: ''", 'url: http://127.0.0.1:1/v1/chat/completions')
        with open(job, 'w', encoding='utf-8') as f:
            f.write(told)
        taken = temper('train', 'imported/job.yaml', '--dry-run', cwd=self.path)
        self.assertEqual(taken.returncode, 0, taken.stderr)

    def test_a_folder_that_is_there_is_left_alone(self):
        self.assertEqual(temper('import', 'openai-rft', 'job.json', 'train.jsonl', '--out', '.', cwd=self.path).returncode, 78)


class Policy(unittest.TestCase):
    def test_shipped_specs_are_clean(self):
        for name in ('general', 'minimal', 'open_safe_intent', 'apothecary'):
            done = temper('policy', 'check', f'{SOURCE}/configs/policies/{name}.yaml')
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn('0 findings', done.stdout)

    def test_findings_are_told_with_their_line(self):
        with tempfile.NamedTemporaryFile('w', suffix='.yaml') as f:
            with open(f'{SOURCE}/configs/policies/minimal.yaml', encoding='utf-8') as shipped:
                f.write(shipped.read().replace('lexical:\n', '  idle: {phrases: [nothing]}\n\nlexical:\n', 1))
            f.flush()
            done = temper('policy', 'check', f.name)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stdout, r':\d+: propositions\.idle: nothing uses it')


if __name__ == '__main__':
    unittest.main()
