/**
 * Seven nodes over QUIC that know nobody but the seed: one overlay, one member list, broadcasts
 * that reach all, and one that leaves and comes back.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quicCarrier } from '../../src/carrier/quic/index.ts'
import {
  activeView,
  broadcast,
  members,
  type Node,
  process,
  type Self,
  spawn,
  startNode,
  subscribeBroadcast,
} from '../../src/index.ts'
import { assert, cleanup, suite } from '../support/harness.ts'
import { until } from '../support/until.ts'

const test = suite('an overlay over QUIC')

const names = ['s', 'a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}@127.0.0.1`)
const vainMs = 50_000

async function start(dir: string, name: string, seed?: Node): Promise<Node> {
  const { name: contact = '', address } = seed ?? {}
  const node = await startNode({
    name,
    carrier: quicCarrier({ host: '127.0.0.1', port: 0 }),
    cookie: 'the cookie of this test',
    dataDir: join(dir, name),
    ...(address !== undefined && { nodes: { [contact]: address }, join: [contact] }),
    tickMs: 250,
    quiet: true,
  })
  cleanup(() => node.stop())
  return node
}

/** Asks again and again, one question at a time. */
async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  let held = false
  let asked = false
  const ask = async (): Promise<void> => {
    asked = true
    held = await holds()
    asked = false
  }
  await until(
    what,
    () => {
      if (!asked && !held) void ask()
      return held
    },
    vainMs,
  )
}

/** Every edge has two ends, and everybody reaches everybody. */
async function isOverlay(nodes: readonly Node[]): Promise<boolean> {
  const views = new Map<string, readonly string[]>()
  for (const node of nodes) views.set(node.name, await activeView(node))
  const reached = new Set([nodes[0]?.name ?? ''])
  for (const name of reached) {
    for (const peer of views.get(name) ?? []) {
      if (!views.get(peer)?.includes(name)) return false
      reached.add(peer)
    }
  }
  return reached.size === nodes.length
}

async function stateOf(node: Node, name: string): Promise<string | undefined> {
  return (await members(node)).find((member) => member.node === name)?.state
}

/** What the node hears of `news`. */
function listen(node: Node): string[] {
  const heard: string[] = []
  const isNews = (message: unknown): message is { readonly payload: string } =>
    typeof message === 'object' && message !== null && 'payload' in message
  const module = process('overlay.ear', async (self: Self) => {
    subscribeBroadcast(self, 'news')
    for (;;) heard.push((await self.receive(isNews)).payload)
  })
  spawn(node, module)
  return heard
}

const body = async (): Promise<void> => {
  const dir = mkdtempSync(join(tmpdir(), 'skein-overlay-'))
  cleanup(() => rmSync(dir, { recursive: true, force: true }))
  const seed = await start(dir, names[0] ?? '')
  const others = await Promise.all(names.slice(1).map((name) => start(dir, name, seed)))
  const all = [seed, ...others]
  await eventually('one overlay', () => isOverlay(all))
  await eventually('everybody lists everybody', async () => {
    const lists = await Promise.all(all.map((node) => members(node)))
    return lists.every((list) => list.filter(({ state }) => state === 'up').length === all.length)
  })

  const heard = all.map(listen)
  for (const node of all) assert.equal(await broadcast(node, 'news', node.name), { tag: 'ok' })
  await eventually('all is heard', async () => heard.every((one) => one.length >= all.length))
  for (const one of heard) assert.equal(one.sort(), [...names].sort())

  const [leaving, ...rest] = others
  if (leaving === undefined) throw new Error('nobody leaves')
  await leaving.stop()
  const left = [seed, ...rest]
  await eventually('one overlay without the one that left', () => isOverlay(left))
  await eventually('it has left for everybody', async () => {
    const states = await Promise.all(left.map((node) => stateOf(node, leaving.name)))
    return states.every((state) => state === 'left')
  })
  const again = await start(dir, leaving.name, seed)
  await eventually('it is up again', async () => {
    const states = await Promise.all(left.map((node) => stateOf(node, again.name)))
    return states.every((state) => state === 'up') && (await isOverlay([...left, again]))
  })
  await Promise.all([...left, again].map((node) => node.stop()))
}

test('seven that know the seed alone find, tell and part with each other', body, {
  deadlineMs: 60_000,
})

test.run()
