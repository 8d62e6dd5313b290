/**
 * A global name that was given back and taken again by the same process: another claim, and a
 * weaker one, which must not pass for the one before.
 */
import { isAlive } from '../../../../../runtime/index.ts'
import { cast, global, registerGlobalName, unregisterGlobalName } from '../../../../../src/index.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { GlobalScene, Keeper, nth, settle } from './global-scene.ts'

const test = suite('global names taken again')

const [n1, n2] = [nth(1), nth(2)]

test('of two that do not know of each other never are both stopped', async () => {
  const scene = await GlobalScene.with(2, {
    cluster: { verdict: { suspicionAlpha: 1, suspicionBeta: 1 }, replica: { flushEveryMs: 2_000 } },
  })
  // What comes next is told by n1 after two seconds, and by n2 half a second later.
  await scene.claim(n1, 'first of n1', 1)
  await scene.cluster.pass(500)
  await scene.claim(n2, 'first of n2', 1)
  const one = await scene.claim(n1, 'sum', 1)
  await scene.cluster.pass(10)
  const two = await scene.claim(n2, 'sum', 2)
  cast(scene.node(n2), global(Keeper, 'sum'), 'trap')
  await scene.cluster.until('n2 knows', () => String(scene.holder(n2, 'sum')) === String(one))
  assert.is(scene.holder(n1, 'sum'), one)
  unregisterGlobalName(scene.node(n1), 'sum')
  registerGlobalName(scene.node(n1), 'sum', { pid: one })
  await settle(scene)
  const alive = [isAlive(scene.node(n1), one), isAlive(scene.node(n2), two)]
  assert.equal(alive, [false, true])
  await scene.known('sum', two)
})

test.run()
