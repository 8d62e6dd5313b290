/**
 * Links and monitors on a real node against a model: random links, unlinks, monitors, demonitors
 * and ends among a few processes. After every step the living are those the model says, and each
 * has been told exactly what the model says: one DOWN per monitor, one EXIT per link that broke.
 */
import fc from 'fast-check'
import {
  exit,
  isAlive,
  isDown,
  isExit,
  type LocalNode,
  type Pid,
  process,
  type Reason,
  type Reference,
  type Self,
  spawn,
  startRuntime,
} from '../../runtime/index.ts'
import { assert, suite } from '../support/harness.ts'

const test = suite('property: links and monitors')

const size = 6

const step = fc.oneof(
  fc.record({ act: fc.constant('link' as const), who: fc.nat(size - 1), on: fc.nat(size - 1) }),
  fc.record({ act: fc.constant('unlink' as const), who: fc.nat(size - 1), on: fc.nat(size - 1) }),
  fc.record({ act: fc.constant('monitor' as const), who: fc.nat(size - 1), on: fc.nat(size - 1) }),
  fc.record({
    act: fc.constant('demonitor' as const),
    who: fc.nat(size - 1),
    on: fc.nat(size - 1),
  }),
  fc.record({
    act: fc.constant('end' as const),
    who: fc.nat(size - 1),
    reason: fc.constantFrom('normal', 'shutdown', 'boom', 'kill'),
  }),
  fc.record({ act: fc.constant('signalKill' as const), who: fc.nat(size - 1) }),
)

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** A member as the test holds it: what it was told arrives in `heard`. */
type Member = {
  readonly pid: Pid
  readonly traps: boolean
  readonly heard: string[]
  readonly monitors: { readonly ref: Reference; readonly on: number }[]
}

type Order = { readonly run: (self: Self) => Reason | null }

/** Functions cannot be sent, so orders lie in a list of the test's and a message asks to look. */
function member(node: LocalNode, traps: boolean, orders: Order[]): Member {
  const heard: string[] = []
  const body = process('member', async (self) => {
    self.trapExit(traps)
    for (;;) {
      const message = await self.receive()
      if (isExit()(message)) heard.push(`EXIT ${String(message.reason)}`)
      else if (isDown()(message)) heard.push(`DOWN ${String(message.reason)}`)
      else {
        const reason = orders.shift()?.run(self) ?? null
        if (reason !== null) return exit(reason)
      }
    }
  })
  return { pid: spawn(node, body), traps, heard, monitors: [] }
}

/** The model: who lives, who is linked with whom, who watches whom, and what each must hear. */
class Model {
  readonly alive: boolean[]
  readonly links: Set<number>[]
  readonly watched: number[][]
  readonly heard: string[][]
  readonly #traps: readonly boolean[]

  constructor(traps: readonly boolean[]) {
    this.#traps = traps
    this.alive = traps.map(() => true)
    this.links = traps.map(() => new Set())
    this.watched = traps.map(() => [])
    this.heard = traps.map(() => [])
  }

  end(who: number, reason: string): void {
    const dying: [number, string][] = [[who, reason]]
    for (let next = dying.shift(); next !== undefined; next = dying.shift()) {
      const [at, why] = next
      if (!this.alive[at]) continue
      this.alive[at] = false
      for (const other of this.links[at] ?? []) {
        this.links[other]?.delete(at)
        if (!this.alive[other]) continue
        if (this.#traps[other]) this.heard[other]?.push(`EXIT ${why}`)
        else if (why !== 'normal') dying.push([other, why])
      }
      for (const watcher of this.watched[at] ?? []) this.heard[watcher]?.push(`DOWN ${why}`)
      this.links[at] = new Set()
      this.watched[at] = []
      // Its own monitors end silently.
      for (const [on, list] of this.watched.entries()) {
        this.watched[on] = list.filter((watcher) => watcher !== at)
      }
    }
  }
}

async function play(traps: readonly boolean[], steps: readonly Step[]): Promise<void> {
  const node = startRuntime({ name: 'play@localhost', quiet: true })
  try {
    const orders: Order[] = []
    const members = traps.map((trap) => member(node, trap, orders))
    const model = new Model(traps)
    await node.run(async (self) => {
      await self.yield()
      for (const one of steps) {
        await apply(self, one, members, model, orders)
        await self.yield()
        for (const [at, { pid, heard }] of members.entries()) {
          assert.is(isAlive(self, pid), model.alive[at], `member ${at} after ${one.act}`)
          // A member that died in this step may not have read its last message.
          if (model.alive[at]) {
            assert.equal([...heard].sort(), [...(model.heard[at] ?? [])].sort(), one.act)
          }
        }
      }
    })
  } finally {
    await node.stop()
  }
}

async function apply(
  self: Self,
  one: Step,
  members: readonly Member[],
  model: Model,
  orders: Order[],
): Promise<void> {
  const { who } = one
  const actor = members[who]
  if (actor === undefined || !model.alive[who]) return
  const order = (run: (own: Self) => Reason | null): void => {
    orders.push({ run })
    self.send(actor.pid, 'look')
  }
  switch (one.act) {
    case 'end':
      model.end(who, one.reason)
      order(() => one.reason)
      return
    case 'signalKill':
      model.end(who, 'killed')
      self.exit(actor.pid, 'kill')
      return
    default:
      relate(one.act, who, one.on, members, model, order)
  }
}

function relate(
  act: 'link' | 'unlink' | 'monitor' | 'demonitor',
  who: number,
  on: number,
  members: readonly Member[],
  model: Model,
  order: (run: (own: Self) => Reason | null) => void,
): void {
  const actor = members[who]
  const target = members[on]
  if (actor === undefined || target === undefined) return
  order((own) => {
    if (act === 'link') own.link(target.pid)
    else if (act === 'unlink') own.unlink(target.pid)
    else if (act === 'monitor') actor.monitors.push({ ref: own.monitor(target.pid), on })
    else {
      const held = actor.monitors.findIndex((monitor) => monitor.on === on)
      if (held >= 0) own.demonitor(actor.monitors.splice(held, 1)[0]!.ref, { flush: true })
    }
    return null
  })
  const alive = model.alive[on]
  if (act === 'link') {
    if (!alive && actor.traps) model.heard[who]?.push('EXIT noproc')
    else if (!alive) model.end(who, 'noproc')
    else if (who !== on) {
      model.links[who]?.add(on)
      model.links[on]?.add(who)
    }
  } else if (act === 'unlink') {
    model.links[who]?.delete(on)
    model.links[on]?.delete(who)
  } else if (act === 'monitor') {
    if (alive) model.watched[on]?.push(who)
    else model.heard[who]?.push('DOWN noproc')
  } else {
    const list = model.watched[on] ?? []
    const at = list.indexOf(who)
    // One that has fired already is only forgotten.
    const first = actor.monitors.find((monitor) => monitor.on === on)
    if (at >= 0 && first !== undefined) list.splice(at, 1)
  }
}

test('L1 to L7, M1 to M5, M11: everybody hears what the model says, and nothing else', async () => {
  const traps = fc.array(fc.boolean(), { minLength: size, maxLength: size })
  const steps = fc.array(step, { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(traps, steps, (trapping, acts) => play(trapping, acts)),
    { numRuns: 150 },
  )
})

test.run()
