import { call, child, dynamicSupervisor, ignore, start, template } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { inProcess } from './one-node.ts'
import { grow } from './pool.ts'
import { workers } from './tree.ts'

const test = suite('otp: dynamic supervisor specs')

const error = (reason: unknown) => ({ tag: 'error', reason })

test('V15 children by spec: any module, with a name, ids ignored', async () => {
  const made = workers()
  const any = dynamicSupervisor('any', () => ({}))
  await inProcess(
    async (self) => {
      const pool = await grow(self, any)
      const spec = child(made.module, 'a', { id: 'same', name: 'named', restart: 'transient' })
      const first = await call(self, pool, 'startChild', spec)
      assert.is(first.tag, 'ok')
      const taken = await call(self, pool, 'startChild', spec)
      assert.is(
        taken.tag === 'error' && typeof taken.reason === 'object' && taken.reason.tag,
        'alreadyStarted',
      )
      await call(self, pool, 'startChild', child(made.module, 'b', { id: 'same' }))
      assert.is((await call(self, pool, 'countChildren')).active, 2)
      const unknown = await call(self, pool, 'startChild', {
        ...spec,
        name: null,
        module: 'nowhere',
      })
      assert.equal(unknown, error({ tag: 'unknownModule', module: 'nowhere' }))
      const bad = { ...spec, significant: true }
      const refused = await call(self, pool, 'startChild', bad)
      const reason = refused.tag === 'error' ? refused.reason : 'ok'
      assert.is(typeof reason === 'object' && reason.field, 'spec.significant')
      const junk = await call(self, pool, 'startChild', 7 as never)
      assert.is(
        junk.tag === 'error' && typeof junk.reason === 'object' && junk.reason.tag,
        'startSpec',
      )
    },
    [made.module, any],
  )
})

test('V15 a nested supervisor is known as one', async () => {
  const { module } = workers()
  const inner = dynamicSupervisor('inner', () => ({ template: template(module) }))
  const outer = dynamicSupervisor('outer', () => ({ template: template(inner) }))
  await inProcess(
    async (self) => {
      const ref = await grow(self, outer)
      await call(self, ref, 'startChild')
      assert.is((await call(self, ref, 'countChildren')).supervisors, 1)
      assert.equal(
        [child(inner).type, child(inner).shutdown],
        ['supervisor', Number.POSITIVE_INFINITY],
      )
    },
    [module, inner, outer],
  )
})

const bad = (value: unknown): never => value as never

const refusals: readonly (readonly [string, unknown, field: string, got: string])[] = [
  ['no object', 7, 'flags', '7'],
  ['a strategy', { strategy: 'oneForAll' }, 'strategy', '"oneForAll"'],
  ['children', { children: [] }, 'children', '[object Array]'],
  ['automatic shutdown', { autoShutdown: 'never' }, 'autoShutdown', '"never"'],
  ['a negative intensity', { intensity: -1 }, 'intensity', '-1'],
  ['a period of 0', { periodMs: 0 }, 'periodMs', '0'],
  ['no room at all', { maxChildren: 0 }, 'maxChildren', '0'],
  ['half a child', { maxChildren: 1.5 }, 'maxChildren', '1.5'],
  ['a template that is none', { template: 'worker' }, 'template', '"worker"'],
  [
    'a template without a module',
    { template: { restart: 'permanent' } },
    'template.module',
    'undefined',
  ],
]

for (const [what, flags, field, got] of refusals) {
  test(`V4 ${what} is refused, naming field and value`, () =>
    inProcess(async (self) => {
      const started = await start(
        self,
        dynamicSupervisor('pool', () => bad(flags)),
      )
      const reason = started.tag === 'error' ? started.reason : started.tag
      if (typeof reason !== 'object') throw new Error(`refused: ${reason}`)
      assert.equal([reason.tag, reason.field, reason.got], ['startSpec', field, got])
    }))
}

test('V4 a description that ignores: the supervisor is not needed', () =>
  inProcess(async (self) => {
    assert.equal(
      await start(
        self,
        dynamicSupervisor('none', () => ignore()),
      ),
      { tag: 'ignore' },
    )
  }))

test.run()
