/** Casts in examples and in the programs of documents are seen, each with its line. */
import { assert, suite } from '../support/harness.ts'
import { findings } from './planted.ts'
import { userCastsRule } from './user-casts.ts'

const test = suite('tidy user casts')

const message = 'a cast in what users write: mend the type that needs it'

test('an example and a document show every cast, and nothing else', () => {
  const files = {
    'examples/a/main.ts': 'const a = x as Y\nconst b = { c: 1 } as const\nconst d = <Z>y',
    'docs/page.md': 'text as Text\n\n```ts run\nconst a = 1\nconst b = a as never\n```\n',
    'README.md': '```text\nx as Y\n```\n\n```ts\nimport { a as b } from "c"\n```\n',
    'runtime/a.ts': 'export const a = x as Y',
    'test/a.ts': 'export const a = x as Y',
  }
  assert.equal(findings(userCastsRule, files), [
    `examples/a/main.ts:1: ${message}`,
    `examples/a/main.ts:3: ${message}`,
    `docs/page.md:5: ${message}`,
  ])
})

test.run()
