/** Casts are counted per layer, `as const` is free, and a layer without a budget has none. */
import { assert, suite } from '../support/harness.ts'
import { castsRule } from './casts.ts'
import { findings } from './planted.ts'

const test = suite('tidy casts')

test('a layer above its budget shows every cast', () => {
  const files = {
    'runtime/a.ts': 'export const a = x as Y\nexport const b = { c: 1 } as const',
    'src/wire/b.ts': 'export const a = x as unknown as Y\nexport const b = <Z>y',
    'src/hlc.ts': 'export const a = x as Y',
    'test/c.ts': 'export const a = x as Y',
  }
  const within = { runtime: 1, 'src/wire': 3, 'src/hlc.ts': 1 }
  assert.equal(
    findings((repo) => castsRule(repo, within), files),
    [],
  )
  const tight = { runtime: 1, 'src/wire': 2 }
  const excess = '3 casts in src/wire of 2 allowed: narrow the type instead'
  assert.equal(
    findings((repo) => castsRule(repo, tight), files),
    [
      'src/hlc.ts:1: 1 casts in src/hlc.ts of 0 allowed: narrow the type instead',
      `src/wire/b.ts:1: ${excess}`,
      `src/wire/b.ts:1: ${excess}`,
      `src/wire/b.ts:2: ${excess}`,
    ],
  )
})

test.run()
