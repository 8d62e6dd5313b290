/** Which programs a document holds, what they must print, and which mistakes are refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert, cleanup, suite } from '../../support/harness.ts'
import { type ProgramResult, runProgram } from '../../support/program.ts'
import { snippetsOf } from '../../support/snippets.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const test = suite('snippets')
const block = (info: string, ...lines: string[]): string =>
  [`\`\`\`${info}`, ...lines, '```'].join('\n')

test('only marked blocks are programs', () => {
  const text = ['# T', block('ts', 'no()'), block('ts run', 'yes()'), block('sh', 'ls')].join('\n')
  assert.equal(snippetsOf(text), [{ line: 5, code: 'yes()', expected: undefined }])
})

test('closing comments say what is printed', () => {
  const text = block('ts run', '// prints: not this', 'go()', '// prints: one', '// prints:')
  assert.is(snippetsOf(text)[0]?.expected, 'one\n')
})

test('an adjacent output block says what is printed', () => {
  const text = `${block('ts run', 'go()')}\n\n${block('text output', 'one', 'two')}`
  assert.is(snippetsOf(text)[0]?.expected, 'one\ntwo')
})

test('an indented block loses the indentation of its fence', () => {
  const text = ['  ```ts run', '  if (x) {', '    go()', '  }', '  ```'].join('\n')
  assert.is(snippetsOf(text)[0]?.code, 'if (x) {\n  go()\n}')
})

test('mistakes in the marks are errors', () => {
  const output = block('text output', 'x')
  const program = block('ts run', 'go()')
  assert.throws(() => snippetsOf(output), /line 1: an output block without a program/)
  assert.throws(() => snippetsOf(`${program}\nwords\n${output}`), /line 5: an output block without/)
  assert.throws(() => snippetsOf(block('ts runs', 'go()')), /mark of "ts runs" is unknown/)
  assert.throws(() => snippetsOf('```ts run\ngo()'), /line 1: the block never ends/)
  const both = `${block('ts run', 'go()', '// prints: x')}\n${output}`
  assert.throws(() => snippetsOf(both), /line 1: the output is given twice/)
})

test(
  'a program runs, fails and overruns as such',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-snippets-'))
    cleanup(() => rmSync(folder, { recursive: true, force: true }))
    const run = (name: string, code: string, deadlineMs: number): Promise<ProgramResult> => {
      const file = join(folder, `${name}.mts`)
      writeFileSync(file, code)
      return runProgram(file, { root, deadlineMs })
    }
    const good = await run('good', 'const x: number = 1\nconsole.log(x)', 20_000)
    assert.equal([good.ending, good.stdout], [0, '1\n'])
    const bad = await run('bad', "throw new Error('broken')", 20_000)
    assert.is(bad.ending, 1)
    assert.match(bad.stderr, 'broken')
    const endless = await run('endless', 'setInterval(() => undefined, 1_000)', 1_000)
    assert.is(endless.ending, 'deadline')
  },
  { deadlineMs: 60_000 },
)

test.run()
