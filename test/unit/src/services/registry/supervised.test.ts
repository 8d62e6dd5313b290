/** Children under names of the cluster: a name that cannot be given harms no supervisor. */
import { isAlive } from '../../../../../runtime/index.ts'
import {
  call,
  child,
  dynamicSupervisor,
  genServer,
  next,
  start,
  supervisor,
  via,
} from '../../../../../stdlib/index.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { OneRegistry } from './one-registry.ts'

const test = suite('children under names of the cluster')

const Room = genServer<Record<never, never>>('fixture.room')({ init: () => next(null) })
const Fixed = supervisor('fixture.fixed', (_: undefined) => ({ children: [] }))
const Dynamic = dynamicSupervisor('fixture.dynamic', (_: undefined) => ({}))

const spec = (room: string) =>
  child(Room, undefined, { id: 'room', name: via(Room, 'cluster', { room }) })

test('a name that is too long fails its child alone', async () => {
  const { node } = new OneRegistry({ modules: [Room] })
  const fixed = await start(node, Fixed, undefined)
  const dynamic = await start(node, Dynamic, undefined)
  if (fixed.tag !== 'ok' || dynamic.tag !== 'ok') throw new Error('not started')
  const long = spec('x'.repeat(2_000))
  const refused = [
    await call(node, fixed.pid, 'startChild', long),
    await call(node, dynamic.pid, 'startChild', long),
  ]
  for (const result of refused) {
    assert.is(result.tag, 'error')
    assert.match(JSON.stringify(result), /name: expected at most 1024 bytes, got 2009/)
  }
  for (const { pid } of [fixed, dynamic]) assert.ok(isAlive(node, pid))
  assert.is((await call(node, fixed.pid, 'startChild', spec('small'))).tag, 'ok')
})

test.run()
