/** Unused exports and unreachable files are found; public, used and started ones are not. */
import { assert, suite } from '../support/harness.ts'
import { deadRule } from './dead.ts'
import { findings } from './planted.ts'

const test = suite('tidy dead')
const manifest = JSON.stringify({
  exports: { '.': { types: './dist/src/index.d.ts', import: './dist/src/index.js' } },
  scripts: { sim: 'tsx test/simulation/run.ts' },
})

test('an export that no other file takes is dead, unless it is a type the file uses itself', () => {
  const found = findings(deadRule, {
    'package.json': manifest,
    'src/index.ts': "export { used } from './node/a.ts'\nexport const open = 1",
    'src/node/a.ts': [
      'export const used = 1',
      'export const unused = used',
      'export type Odd = string',
      'export type Shape = { readonly x: number }',
      'export function tested(shape: Shape) {}',
      'const listed = 1',
      'export { listed }',
    ].join('\n'),
    'test/a.test.ts': "import { tested } from '../src/node/a.ts'",
  })
  const dead = 'is exported and used nowhere else: do not export it, or delete it'
  assert.equal(found, [
    `src/node/a.ts:2: unused ${dead}`,
    `src/node/a.ts:3: Odd ${dead}`,
    `src/node/a.ts:7: listed ${dead}`,
  ])
})

test('a namespace import and an export of everything use every name', () => {
  const found = findings(deadRule, {
    'package.json': manifest,
    'src/index.ts': "export * from './node/a.ts'\nimport * as b from './node/b.ts'\nb.x()",
    'src/node/a.ts': 'export const one = 1',
    'src/node/b.ts': 'export const x = () => 1',
  })
  assert.equal(found, [])
})

test('a file that nothing leads to is dead', () => {
  const found = findings(deadRule, {
    'package.json': manifest,
    'src/index.ts': "export const load = () => import('./node/lazy.ts')",
    'src/node/lazy.ts': "export const worker = new URL('./worker.ts', import.meta.url)",
    'src/node/worker.ts': "import '../hlc.ts'",
    'src/hlc.ts': 'const x = 1',
    'src/node/lost.ts': "import '../hlc.ts'",
    'test/simulation/run.ts': "import '../support/model.ts'",
    'test/support/model.ts': 'const x = 1',
    'test/support/lost.ts': 'const x = 1',
    'examples/chat/main.ts': "import './room.ts'",
    'examples/chat/room.ts': 'const x = 1',
  })
  const lost = ':1: no package entry, script, test or example leads to this file'
  assert.equal(found, [`src/node/lost.ts${lost}`, `test/support/lost.ts${lost}`])
})

test.run()
