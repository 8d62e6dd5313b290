/** Tests that assert nothing and pauses are found; tests that assert through helpers are spared. */
import { assert, suite } from '../support/harness.ts'
import { honestRule } from './honest.ts'
import { findings } from './planted.ts'

const test = suite('tidy honest')
const head = [
  "import { assert, cleanup, suite } from '../support/harness.ts'",
  "import { checkAll } from '../support/checkers.ts'",
  "import { start } from '../../src/node/start.ts'",
  "const test = suite('planted')",
]

test('a test that leads to no assertion is a violation', () => {
  const code = [
    "test('only runs', async () => { cleanup(await start()) })",
    "test('asserts', () => assert.ok(start()))",
    "test('throws', () => { if (!start()) throw new Error('no') })",
    "test('asserts through a helper', () => run(1))",
    "test('asserts through support code', () => checkAll(start()))",
    'const run = (n: number) => expectOne(n)',
    'function expectOne(n: number) { assert.is(n, 1) }',
    "test('helps without asserting', () => idle())",
    'function idle() { start(); idle() }',
  ]
  assert.equal(findings(honestRule, { 'test/unit/a.test.ts': [...head, ...code].join('\n') }), [
    'test/unit/a.test.ts:5: "only runs" asserts nothing',
    'test/unit/a.test.ts:12: "helps without asserting" asserts nothing',
  ])
})

test('a pause is a violation, a deadline is not', () => {
  const pause = 'a pause: wait for the condition, or move the virtual clock'
  const code = [
    'await new Promise((resolve) => setTimeout(resolve, 50))',
    'await new Promise<void>((done) => { setTimeout(done, 50) })',
    "import { setTimeout as wait } from 'node:timers/promises'",
    "await new Promise((resolve) => socket.once('open', resolve))",
    'const timer = setTimeout(() => child.kill(), 1_000)',
    "const late = new Promise((_, fail) => { timer = setTimeout(() => fail(new Error('x')), 9) })",
  ]
  const found = findings(honestRule, { 'test/support/a.ts': code.join('\n') })
  assert.equal(found, [
    `test/support/a.ts:1: ${pause}`,
    `test/support/a.ts:2: ${pause}`,
    `test/support/a.ts:3: ${pause}`,
  ])
})

test.run()
