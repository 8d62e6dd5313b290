/** Processes that begin, end, and are started again. */
import {
  exit,
  isDown,
  isExit,
  type LocalNode,
  type Pid,
  process,
  type Ref,
  spawnLink,
  spawnMonitor,
} from '../../../runtime/index.ts'
import { cast, child, genServer, start, stop, supervisor } from '../../../stdlib/index.ts'
import { timed, type Workload } from './workload.ts'

const shortLife = process('bench.short', async () => undefined)
const boom = process('bench.boom', async () => exit('boom'))

export const spawnMonitorExit: Workload = (node, operations) =>
  node.run((self) =>
    timed(operations, async () => {
      let normal = 0
      for (let i = 0; i < operations; i++) {
        const { ref } = spawnMonitor(self, shortLife)
        const down = await self.receive(isDown(ref))
        if (down.reason === 'normal') normal++
      }
      return normal
    }),
  )

export const spawnLinkAbnormal: Workload = (node, operations) =>
  node.run((self) => {
    self.trapExit(true)
    return timed(operations, async () => {
      let booms = 0
      for (let i = 0; i < operations; i++) {
        const pid = spawnLink(self, boom)
        const message = await self.receive(isExit(pid))
        if (message.reason === 'boom') booms++
      }
      return booms
    })
  })

type Fragile = { casts: { crash: () => void } }

/** Tells `arg` that it is up; ends with `boom` when cast. */
export const Fragile = genServer<Fragile>('bench.fragile')({
  init: (observer: Pid, self) => {
    self.send(observer, self.pid)
    return observer
  },
  casts: { crash: (observer) => stop('boom', observer) },
})

/** The intensity is out of reach on both sides: what is measured is the restarting. */
export const Tree = supervisor('bench.tree', (observer: Pid) => ({
  intensity: 10_000_000,
  periodMs: 1000,
  children: [child(Fragile, observer)],
}))

export const restart: Workload = (node: LocalNode, operations) =>
  node.run(async (self) => {
    const tree = await start(self, Tree, self.pid)
    if (tree.tag !== 'ok') throw new Error(`the supervisor did not start: ${tree.tag}`)
    let fragile = (await self.receive()) as Ref<Fragile>
    return timed(operations, async () => {
      let restarts = 0
      for (let i = 0; i < operations; i++) {
        cast(self, fragile, 'crash')
        const next = (await self.receive()) as Ref<Fragile>
        if (next !== fragile) restarts++
        fragile = next
      }
      return restarts
    })
  })

/** As many children as its second argument says, under one supervisor. */
export const Nursery = supervisor('bench.nursery', ({ observer, size }: NurseryArg) => ({
  intensity: 10_000_000,
  periodMs: 1000,
  children: Array.from({ length: size }, (_, n) => child(Fragile, observer, { id: `c${n}` })),
}))

type NurseryArg = { readonly observer: Pid; readonly size: number }

/** All children crash at once; over when each has told that it is up again. */
export const restartBurst: Workload = (node, operations) =>
  node.run(async (self) => {
    const tree = await start(self, Nursery, { observer: self.pid, size: operations })
    if (tree.tag !== 'ok') throw new Error(`the supervisor did not start: ${tree.tag}`)
    const first = new Set<unknown>()
    for (let n = 0; n < operations; n++) first.add(await self.receive())
    const measured = await timed(operations, async () => {
      for (const fragile of first) cast(self, fragile as Ref<Fragile>, 'crash')
      let restarts = 0
      for (let n = 0; n < operations; n++) {
        if (!first.has(await self.receive())) restarts++
      }
      return restarts
    })
    self.exit(tree.pid, 'kill')
    return measured
  })
