/**
 * Global names and groups under churn: nodes that start, stop, lose power and are cut off from each
 * other, processes that come, join and end, by seed. When all parts have found each other again,
 * every name has one holder, the same for all, every loser has been stopped, some holder is left of
 * each name that had any, and every group has exactly the members that live.
 */
import { isAlive, type Pid, process, type Self, spawn } from '../../runtime/index.ts'
import {
  type ConflictVerdict,
  genServer,
  global,
  globalNames,
  groupMembers,
  joinGroup,
  leaveGroup,
  type NodeOptions,
  next,
  registerGlobalName,
  unregisterGlobalName,
  whereisName,
} from '../../src/index.ts'
import { assert, suite } from '../support/harness.ts'
import { nth, OverlayScene, seed } from '../unit/src/membership/overlay-scene.ts'

const test = suite('global names and groups under churn')

const seeds = [1, 2, 3, 4]
const steps = 60
const names = ['a', 'b', 'c', 4, 5]
const groups = ['g', { room: 1 }]
const nodeNames = [seed, ...Array.from({ length: 5 }, (_, at) => nth(at + 1))]

const Idle = process('fixture.idle', async (self: Self) => {
  for (;;) await self.receive()
})
const Named = genServer<Record<never, never>>('fixture.named')({ init: () => next(null) })

const options: Partial<NodeOptions> = {
  cluster: { verdict: { suspicionAlpha: 1, suspicionBeta: 1 } },
}

type Claimant = { readonly node: string; readonly name: string | number; readonly pid: Pid }
type Member = { readonly node: string; readonly group: unknown; readonly pid: Pid; joins: number }

class Churn extends OverlayScene {
  readonly #random: (below: number) => number
  readonly #verdict: ConflictVerdict
  readonly claimants: Claimant[] = []
  readonly members: Member[] = []
  conflicts = 0
  #divided = false

  constructor(worldSeed: number, verdict: ConflictVerdict = 'stop') {
    super(worldSeed)
    this.#verdict = verdict
    let state = worldSeed * 7_919
    // A sequence of its own: what the world draws depends on what happens in it.
    this.#random = (below) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
      return Math.floor((state / 2_147_483_648) * below)
    }
  }

  async begin(): Promise<void> {
    for (const name of nodeNames) await this.start(name, options)
    await this.agreed()
  }

  async step(): Promise<void> {
    const draw = this.#random(20)
    if (draw < 8) this.#claim()
    else if (draw < 12) this.#join()
    else if (draw < 14) await this.#end()
    else if (draw < 15) this.#leave()
    else if (draw < 16) this.#unregister()
    else if (draw < 18) this.#divide()
    else if (draw < 19) await this.#restart()
    else this.#heal()
    await this.cluster.pass([10, 300, 3_000, 15_000][this.#random(4)] ?? 10)
  }

  /** All find each other, and nothing is under way any more. */
  async settle(): Promise<void> {
    this.#heal()
    for (const name of nodeNames) if (!this.nodes.has(name)) await this.start(name, options)
    await this.agreed()
  }

  /** Those who have registered and live. */
  holders(): Claimant[] {
    return this.claimants.filter((one) => this.lives(one))
  }

  /** Each name has one of them at most, and every node says which. */
  isSettled(): boolean {
    return names.every((name) => {
      const left = this.holders().filter((one) => one.name === name)
      if (left.length > 1) return false
      const answers = [...this.nodes.keys()].map((node) => this.holder(node, name))
      return answers.every((pid) => String(pid) === String(left[0]?.pid))
    })
  }

  holder(node: string, name: string | number): Pid | undefined {
    return whereisName(this.node(node), global(Named, name))
  }

  lives({ node, pid }: { readonly node: string; readonly pid: Pid }): boolean {
    const running = this.nodes.get(node)
    // Of a node that was started again all processes are new.
    return running !== undefined && isAlive(running, pid)
  }

  #claim(): void {
    this.claim(this.#node(), this.#pick(names))
  }

  claim(node: string, name: string | number): void {
    const pid = spawn(this.node(node), Idle)
    const result = registerGlobalName(this.node(node), name, {
      pid,
      onConflict: async ({ winner, loser }) => {
        this.conflicts += 1
        assert.is(loser.node, node)
        assert.is(loser.pid, pid)
        assert.is.not(winner.node, node)
        return this.#verdict
      },
    })
    if (result.tag === 'ok') this.claimants.push({ node, name, pid })
  }

  #join(): void {
    const { node, group } = { node: this.#node(), group: this.#pick(groups) }
    const pid = spawn(this.node(node), Idle)
    const joins = 1 + this.#random(3)
    const pids = Array.from({ length: joins }, () => pid)
    assert.equal(joinGroup(this.node(node), group, pids), { tag: 'ok' })
    this.members.push({ node, group, pid, joins })
  }

  #leave(): void {
    const member = this.#pick(this.members.filter((one) => this.lives(one) && one.joins > 0))
    if (member === undefined) return
    assert.equal(leaveGroup(this.node(member.node), member.group, member.pid), { tag: 'ok' })
    member.joins -= 1
  }

  async #end(): Promise<void> {
    const all = [...this.claimants, ...this.members].filter((one) => this.lives(one))
    const one = this.#pick(all)
    if (one !== undefined) {
      await this.cluster.run(this.node(one.node), (self) => self.exit(one.pid, 'kill'))
    }
  }

  #unregister(): void {
    const one = this.#pick(this.claimants.filter((claimant) => this.lives(claimant)))
    if (one === undefined) return
    unregisterGlobalName(this.node(one.node), one.name)
    this.claimants.splice(this.claimants.indexOf(one), 1)
  }

  #divide(): void {
    if (this.#divided) return
    this.#divided = true
    const side = nodeNames.filter(() => this.#random(2) === 0).map(hostOf)
    const rest = nodeNames.map(hostOf).filter((host) => !side.includes(host))
    if (side.length > 0 && rest.length > 0) this.cluster.network.partition([side, rest])
  }

  #heal(): void {
    this.#divided = false
    this.cluster.network.heal()
  }

  async #restart(): Promise<void> {
    const node = this.#pick([...this.nodes.keys()].filter((name) => name !== seed))
    if (node === undefined) return
    if (this.#random(2) === 0) this.crash(node)
    else await this.stop(node)
    await this.cluster.pass(this.#random(20_000))
    await this.start(node, options)
  }

  #node(): string {
    return this.#pick([...this.nodes.keys()]) ?? seed
  }

  #pick<T>(from: readonly T[]): T
  #pick<T>(from: readonly T[]): T | undefined {
    return from[this.#random(from.length)]
  }
}

function hostOf(name: string): string {
  return name.split('@')[1] ?? ''
}

const texts = (values: readonly unknown[]): string => values.map(String).sort().join(' ')

let conflicts = 0

for (const worldSeed of seeds) {
  const body = async (): Promise<void> => {
    const churn = new Churn(worldSeed)
    await churn.begin()
    for (let at = 0; at < steps; at++) await churn.step()
    await churn.settle()
    // Nobody ends from here on but by a conflict.
    const had = new Set(churn.holders().map(({ name }) => name))
    await churn.cluster.until('one holder each, known to all', () => churn.isSettled())
    const left = churn.holders().map(({ name }) => name)
    assert.is(texts(left), texts([...had]), 'each name that was had still is, once')
    for (const node of churn.nodes.values()) assert.is(texts(globalNames(node)), texts(left))
    await churn.cluster.until('groups have exactly those who live', () =>
      groups.every((group) => {
        const of = churn.members.filter((one) => one.group === group && churn.lives(one))
        const wanted = texts(of.flatMap(({ pid, joins }) => Array(joins).fill(pid)))
        return [...churn.nodes.values()].every((node) => {
          return texts(groupMembers(node, group)) === wanted
        })
      }),
    )
    conflicts += churn.conflicts
    await churn.cluster.pass(60_000)
    assert.ok(churn.isSettled(), 'and it stays so')
    assert.is(texts(churn.holders().map(({ name }) => name)), texts(left))
  }
  test(`seed ${worldSeed}`, body, { deadlineMs: 60_000 })
}

test('there were conflicts to settle', () => {
  assert.ok(conflicts > seeds.length, `${conflicts} in all`)
})

test('the check sees a loser that is not stopped', async () => {
  const churn = new Churn(1, 'release')
  await churn.begin()
  for (const node of [seed, nth(1)]) churn.claim(node, 'a')
  await churn.cluster.pass(30_000)
  assert.is(churn.conflicts, 1)
  assert.not(churn.isSettled())
})

test.run()
