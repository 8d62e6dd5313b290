/**
 * Two nodes that meet, part and meet again on a network with delay and loss drawn from a seed, both
 * of them dialling whenever they like. At the end they must share one channel and have lost
 * nothing.
 */
import {
  connectNode,
  disconnectNode,
  nodes,
  process,
  type Self,
  spawn,
} from '../../../src/index.ts'
import type { Node } from '../../../src/node/node.ts'
import { a, b, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'

const messages = 20
const delaysMs = [0, 1, 5, 50, 300]
const losses = [0, 0.05, 0.1]

/** What went wrong under this seed; empty when nothing did. */
export async function meeting(seed: number): Promise<string[]> {
  const cluster = new VirtualCluster({ seed })
  cluster.network.setDelay(0, delaysMs[seed % delaysMs.length] ?? 0)
  cluster.network.setLoss(losses[seed % losses.length] ?? 0)
  const wrong: string[] = []
  const near = await cluster.start(a, { tickMs: 3_000 })
  const far = await cluster.start(b, { tickMs: 3_000 })
  const [atNear, atFar] = [listen(near), listen(far)]
  const someMs = (): number => cluster.world.random.unit() * 400

  await cluster.drive(speak(near, b))
  await cluster.pass(someMs())
  await cluster.drive(speak(far, a))
  const met = await cluster.drive(Promise.all([connectNode(near, b), connectNode(far, a)]))
  if (met.includes(false)) wrong.push(`they did not meet: ${met}`)
  // A connection that lost its close dies of silence.
  await cluster.pass(60_000)
  for (const [who, got] of [
    ['here', atNear],
    ['there', atFar],
  ] as const) {
    const inOrder = got.length === messages && got.every((n, at) => n === at)
    if (!inOrder) wrong.push(`${who}: ${JSON.stringify(got)}`)
  }
  wrong.push(...together(cluster, near, far, 'first'))

  disconnectNode(near, b)
  const again = connectNode(near, b)
  await cluster.pass(someMs())
  const back = await cluster.drive(Promise.all([again, connectNode(far, a)]))
  if (back.includes(false)) wrong.push(`they did not meet again: ${back}`)
  await cluster.pass(60_000)
  wrong.push(...together(cluster, near, far, 'again'))
  return wrong
}

function together(cluster: VirtualCluster, near: Node, far: Node, when: string): string[] {
  const lists = JSON.stringify([nodes(near), nodes(far)])
  const halves = cluster.network.traffic().length
  return lists === JSON.stringify([[b], [a]]) && halves === 2
    ? []
    : [`${when}: nodes ${lists}, ${halves} halves of connections`]
}

function listen(node: Node): unknown[] {
  const got: unknown[] = []
  const ear = process('meeting.ear', async (self: Self) => {
    for (;;) got.push(await self.receive())
  })
  spawn(node, ear, undefined, { name: 'ear' })
  return got
}

function speak(node: Node, to: string): Promise<void> {
  return node.run((self) => {
    for (let n = 0; n < messages; n++) self.send({ tag: 'at', node: to, name: 'ear' }, n)
  })
}
