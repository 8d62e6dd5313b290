/**
 * Calls and messages through a proxy while links between the nodes break and heal: each call ends,
 * nothing arrives twice, and all works again when the network does.
 */
import { Exit } from '../../../../../runtime/index.ts'
import { seededRandom } from '../../../../../runtime/platform/sim.ts'
import { call, callWithin, cast, getProxy, startProxy } from '../../../../../src/index.ts'
import { assert, suite, useSeed } from '../../../../support/harness.ts'
import { type Edge, LineScene, type Recorder } from '../router/line-scene.ts'

const test = suite('proxies while the network fails')

/** Long enough for channels to be given up. */
const rounds = 160
const stepMs = 1_000
const edges: readonly Edge[] = [
  [0, 1],
  [0, 2],
  [1, 3],
  [2, 3],
]

async function run(seed: number): Promise<void> {
  useSeed(seed)
  const random = seededRandom(seed)
  const scene = await LineScene.of(4, edges)
  await scene.serve(3, 'recorder')
  const here = scene.node(0)
  const begin = async (): Promise<void> => {
    const known = await scene.cluster.drive(getProxy(here, 'recorder'))
    if (known === undefined) await scene.cluster.drive(startProxy(here, 'recorder'))
  }
  const heal = (): void => {
    scene.cluster.network.heal()
    scene.sever(0, 3)
    scene.sever(1, 2)
  }
  const endings: string[] = []
  let asked = 0
  for (let round = 0; round < rounds; round++) {
    const edge = edges[Math.floor(random.unit() * edges.length)]
    if (random.unit() < 0.06) heal()
    else if (random.unit() < 0.12 && edge !== undefined) {
      // Often only answers are lost, of what has arrived.
      if (random.unit() < 0.3) scene.sever(...edge)
      else scene.mute(edge[1], edge[0])
    }
    await begin()
    const started = await scene.cluster.drive(getProxy(here, 'recorder'))
    if (started !== undefined) {
      cast<Recorder, 'note'>(here, started, 'note', { round, is: 'cast' })
      asked += 1
      void callWithin<Recorder, 'mark'>(here, 8_000, started, 'mark', round).then(
        () => endings.push('ok'),
        (error: unknown) => {
          if (!(error instanceof Exit)) throw error
          endings.push(JSON.stringify(error.reason))
        },
      )
    }
    await scene.cluster.pass(stepMs)
  }
  heal()
  await scene.cluster.pass(120_000)
  assert.is(endings.length, asked, 'every call has ended')
  assert.ok(endings.includes('ok'))
  assert.ok(
    endings.some((ending) => ending !== 'ok'),
    'some have met a broken link',
  )
  await begin()
  const proxy = await scene.cluster.drive(startProxy<Recorder>(here, 'recorder'))
  if (proxy.tag !== 'ok') throw new Error(JSON.stringify(proxy))
  const heard = await scene.cluster.drive(call(here, proxy.pid, 'heard'))
  const texts = heard.map((one) => JSON.stringify(one))
  assert.is(new Set(texts).size, texts.length, 'nothing has arrived twice')
  assert.ok(texts.length > 0)
}

for (const seed of [1, 2, 3]) {
  test(`seed ${seed}`, () => run(seed), { deadlineMs: 30_000 })
}

test.run()
