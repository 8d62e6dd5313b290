/** The rule on import direction fires on each kind of wrong edge, and on no right one. */
import { assert, suite } from '../support/harness.ts'
import { layerRule } from './layers.ts'
import { findings } from './planted.ts'

const test = suite('tidy layers')

test('imports run downwards, in every form of import', () => {
  const planted = {
    'runtime/a.ts': "import { b } from '../stdlib/b.ts'",
    'stdlib/b.ts': "export { x } from '../src/wire/x.ts'",
    'src/wire/c.ts': "import type { d } from '../dist/d.ts'",
    'src/hlc.ts': "type T = import('./carrier/e.ts').T",
    'src/dist/f.ts': "const g = await import('../node/g.ts')",
    'src/crdt/h.ts': "import { t } from '../../test/support/t.ts'",
    'src/odd/i.ts': "import { x } from '../wire/x.ts'",
  }
  assert.equal(findings(layerRule, planted), [
    'runtime/a.ts:1: runtime may not import stdlib: imports run downwards',
    'src/crdt/h.ts:1: test/support/t.ts is in no layer: product code imports only layers',
    'src/dist/f.ts:1: src/dist may not import src/node: imports run downwards',
    'src/hlc.ts:1: src/hlc may not import src/carrier: imports run downwards',
    'src/odd/i.ts:1: this folder is in no layer: add it to the list in test/tidy/layers.ts',
    'src/wire/c.ts:1: src/wire may not import src/dist: imports run downwards',
    'stdlib/b.ts:1: stdlib may not import src/wire: imports run downwards',
  ])
})

test('packages and Node modules stay in their folders', () => {
  const planted = {
    'runtime/a.ts': "import { pack } from 'msgpackr'\nimport fs from 'fs'\nimport 'left-pad'",
    'src/wire/b.ts': "import { Packr } from 'msgpackr'\nimport { ed25519 } from '@noble/curves/ed'",
    'src/dist/c.ts': "import { createSocket } from 'node:dgram'",
    'test/d.ts': "import { pack } from 'msgpackr'",
  }
  assert.equal(findings(layerRule, planted), [
    'runtime/a.ts:1: msgpackr is only for src/wire/: use what that folder exports',
    'runtime/a.ts:2: write node:fs',
    'runtime/a.ts:3: left-pad has no home: a new dependency needs a decision record',
    'src/dist/c.ts:1: node:dgram is only for src/carrier/quic/: use what that folder exports',
    'src/wire/b.ts:2: @noble/curves is only for src/identity/: use what that folder exports',
  ])
})

test('an example sees what a user sees', () => {
  const planted = {
    'examples/chat/main.ts': [
      "import { startNode } from 'skein'",
      "import { room } from './room.ts'",
      "import { hidden } from '../../src/node/start.ts'",
      "import { pack } from 'msgpackr'",
    ].join('\n'),
  }
  assert.equal(findings(layerRule, planted), [
    "examples/chat/main.ts:3: import it as a user does, from 'skein/...'",
    'examples/chat/main.ts:4: an example needs nothing but skein, not msgpackr',
  ])
})

test('an entry loads native code only on demand', () => {
  const chain = (edge: string): Record<string, string> => ({
    'src/index.ts': "export { start } from './node/start.ts'",
    'src/node/start.ts': edge,
    'src/carrier/quic/index.ts': "import quiche from '@matrixai/quic/native/quiche.js'",
  })
  assert.equal(findings(layerRule, chain("import { q } from '../carrier/quic/index.ts'")), [
    'src/node/start.ts:1: src/index.ts would load native code through this: import it dynamically',
  ])
  const harmless = ["import type { q } from '../carrier/quic/index.ts'"]
  harmless.push("const q = await import('../carrier/quic/index.ts')")
  assert.equal(findings(layerRule, chain(harmless.join('\n'))), [])
})

test.run()
