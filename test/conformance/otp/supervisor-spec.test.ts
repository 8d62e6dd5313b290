/**
 * What a supervisor refuses (rule V4): each mistake in its flags and child specs is an error value
 * that names the field and shows what was there, and the supervisor does not start.
 */
import {
  type ChildSpec,
  child,
  ignore,
  type SupervisorFlags,
  start,
  supervisor,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { inProcess } from './one-node.ts'
import { treeOf, workers } from './tree.ts'

const test = suite('otp: supervisor specs')

const bad = (value: unknown): never => value as never

type Refusal = readonly [string, (spec: ChildSpec) => unknown, field: string, got: string]

const refusals: readonly Refusal[] = [
  ['no children', () => ({}), 'children', 'undefined'],
  ['no object', () => 'flags', 'flags', '"flags"'],
  [
    'a strategy of its own',
    () => ({ strategy: 'oneForNone', children: [] }),
    'strategy',
    '"oneForNone"',
  ],
  [
    'a shutdown of its own kind',
    () => ({ autoShutdown: 'always', children: [] }),
    'autoShutdown',
    '"always"',
  ],
  [
    'a significance that is none',
    (spec) => ({ children: [{ ...spec, significant: 1 }] }),
    'children[0].significant',
    '1',
  ],
  [
    'V16 a permanent child that is significant',
    (spec) => ({ autoShutdown: 'anySignificant', children: [{ ...spec, significant: true }] }),
    'children[0].significant',
    'true',
  ],
  [
    'V16 a significant child under never',
    (spec) => ({ children: [{ ...spec, restart: 'transient', significant: true }] }),
    'children[0].significant',
    'true',
  ],
  [
    'an argument that is no data',
    (spec) => ({ children: [{ ...spec, arg: { run: () => 1 } }] }),
    'children[0].arg',
    'object with keys run',
  ],
  ['no id', ({ id: _, ...spec }) => ({ children: [spec] }), 'children[0].id', 'undefined'],
  [
    'no module',
    ({ module: _, ...spec }) => ({ children: [spec] }),
    'children[0].module',
    'undefined',
  ],
  [
    'an endless intensity',
    () => ({ intensity: Number.POSITIVE_INFINITY, children: [] }),
    'intensity',
    'Infinity',
  ],
  [
    'an intensity that is no number',
    () => ({ intensity: Number.NaN, children: [] }),
    'intensity',
    'NaN',
  ],
  ['a period that is no number', () => ({ periodMs: '5s', children: [] }), 'periodMs', '"5s"'],
  ['a description that is async', async () => ({ children: [] }), 'children', 'undefined'],
  ['a negative intensity', () => ({ intensity: -1, children: [] }), 'intensity', '-1'],
  ['half an intensity', () => ({ intensity: 0.5, children: [] }), 'intensity', '0.5'],
  ['a period of 0', () => ({ periodMs: 0, children: [] }), 'periodMs', '0'],
  ['a child that is none', () => ({ children: [7] }), 'children[0]', '7'],
  ['an empty id', (spec) => ({ children: [{ ...spec, id: '' }] }), 'children[0].id', '""'],
  ['one id twice', (spec) => ({ children: [spec, { ...spec }] }), 'children[1].id', '"a"'],
  [
    'a bad restart type',
    (spec) => ({ children: [{ ...spec, restart: 'always' }] }),
    'children[0].restart',
    '"always"',
  ],
  [
    'a negative shutdown',
    (spec) => ({ children: [{ ...spec, shutdown: -1 }] }),
    'children[0].shutdown',
    '-1',
  ],
  [
    'a shutdown beyond the longest timeout',
    (spec) => ({ children: [{ ...spec, shutdown: 2 ** 32 }] }),
    'children[0].shutdown',
    '4294967296',
  ],
  [
    'a bad type',
    (spec) => ({ children: [{ ...spec, type: 'process' }] }),
    'children[0].type',
    '"process"',
  ],
  [
    'a module instead of its name',
    (spec) => ({ children: [{ ...spec, module: 5 }] }),
    'children[0].module',
    '5',
  ],
  [
    'a name that is none',
    (spec) => ({ children: [{ ...spec, name: 5 }] }),
    'children[0].name',
    '5',
  ],
]

for (const [what, make, field, got] of refusals) {
  test(`V4 ${what} is refused, naming field and value`, async () => {
    const { module } = workers()
    const flags: SupervisorFlags = bad(make(child(module, 'a', { id: 'a' })))
    const tree = treeOf(flags)
    await inProcess(
      async (self) => {
        const started = await start(self, tree)
        const reason = started.tag === 'error' ? started.reason : started.tag
        if (typeof reason !== 'object') throw new Error(`refused: ${reason}`)
        assert.equal([reason.tag, reason.field, reason.got], ['startSpec', field, got])
        assert.is(typeof reason.expected, 'string')
      },
      [module, tree],
    )
  })
}

test('V4 a description that throws is the reason of the start', () =>
  inProcess(async (self) => {
    const tree = supervisor('broken', () => {
      throw new Error('no configuration')
    })
    const started = await start(self, tree)
    const reason = started.tag === 'error' && started.reason
    assert.is(typeof reason === 'object' && reason.message, 'no configuration')
  }))

test('V4 a description that ignores: the supervisor is not needed', () =>
  inProcess(async (self) => {
    assert.equal(
      await start(
        self,
        supervisor('none', () => ignore()),
      ),
      { tag: 'ignore' },
    )
  }))

test.run()
