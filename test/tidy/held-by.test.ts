/** Tests that do not exist, and cases that stand in none, are found; what exists is not. */
import { assert, suite } from '../support/harness.ts'
import { heldByRule } from './held-by.ts'
import { findings } from './planted.ts'

const test = suite('tidy held-by')

const tests = {
  'test/unit/a.test.ts': "test('something (A-1)', () => {})",
  'test/conformance/topics/names.ts': "'N2 a name'",
  'package.json': '{ "scripts": { "sim": "run" } }',
}

test('tests and cases are looked for, by path, folder, short form or script', () => {
  const found = findings(heldByRule, {
    ...tests,
    'docs/features.md': [
      '| feature | test | note |',
      '| ------- | ---- | ---- |',
      '| good | `unit/a` A-1, `unit`, `topics/names` N2, `npm run sim -- --seed 1` | `x` |',
      '| bad | `unit/b`, `unit/a` A-2, `topics/names` N2 N3, `npm run gone` | |',
      '| nothing | | |',
      '',
      '| id | note |',
      '| -- | ---- |',
      '| 1 | `unit/none` |',
    ].join('\n'),
  })
  assert.equal(found, [
    'docs/features.md:4: no test: unit/b',
    'docs/features.md:4: unit/a has no case A-2',
    'docs/features.md:4: topics/names has no case N3',
    'docs/features.md:4: no script of package.json: npm run gone',
    'docs/features.md:5: no test is named in: ',
  ])
})

test('tables in code and outside of docs are none of these', () => {
  const table = '| test |\n| ---- |\n| `gone` |'
  assert.equal(
    findings(heldByRule, {
      ...tests,
      'README.md': table,
      'docs/a.md': `\`\`\`\n${table}\n\`\`\``,
    }),
    [],
  )
})

test.run()
