/** Mutable module state of every kind is found; constants and private state are not. */
import { assert, suite } from '../support/harness.ts'
import { moduleStateRule } from './module-state.ts'
import { findings } from './planted.ts'

const test = suite('tidy module state')
const instead = 'keep it in an object the node owns, or type it as readonly'

test('what can change at module level is a violation', () => {
  const code = [
    'let count = 0',
    'export var other = 1',
    'const table = new Map<string, number>()',
    'const seen = new Set()',
    'export const list = []',
    'const names: string[] = []',
    'const cache: Record<string, number> = {}',
    'class Counter { static next = 0; static readonly first = 0; count = 0 }',
  ].join('\n')
  assert.equal(findings(moduleStateRule, { 'src/wire/a.ts': code }), [
    `src/wire/a.ts:1: count can be assigned again: ${instead}`,
    `src/wire/a.ts:2: other can be assigned again: ${instead}`,
    `src/wire/a.ts:3: table is a collection that can change: ${instead}`,
    `src/wire/a.ts:4: seen is a collection that can change: ${instead}`,
    `src/wire/a.ts:5: list is a collection that can change: ${instead}`,
    `src/wire/a.ts:6: names is a collection that can change: ${instead}`,
    `src/wire/a.ts:7: cache is a collection that can change: ${instead}`,
    `src/wire/a.ts:8: a static member that can change: ${instead}`,
  ])
})

test('constants, local state and tests are spared', () => {
  const code = [
    "const words = ['a', 'b'] as const",
    'const list: readonly string[] = []',
    'const table: ReadonlyMap<string, number> = new Map()',
    'const limits = { max: 1 } as const',
    'export function make() { let count = 0; const seen = new Set(); return seen.size + count }',
  ].join('\n')
  const spared = {
    'src/wire/a.ts': code,
    'test/a.ts': 'let count = 0',
  }
  assert.equal(findings(moduleStateRule, spared), [])
})

test('a let assigned by a static block alone lends out a private member', () => {
  const lend = 'let read: F\nclass K { #x = 1; static { read = (k) => k.#x } }'
  assert.equal(findings(moduleStateRule, { 'runtime/a.ts': lend }), [])
  const steal = `${lend}\nexport const change = (f: F) => { read = f }`
  const found = [`runtime/a.ts:1: read can be assigned again: ${instead}`]
  assert.equal(findings(moduleStateRule, { 'runtime/a.ts': steal }), found)
  assert.equal(findings(moduleStateRule, { 'runtime/a.ts': 'let read: F' }), found)
})

test.run()
