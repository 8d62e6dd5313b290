/**
 * Table replicas under faults drawn from a seed: crashes, restarts with
 * clocks set anywhere and disks lost, loss,
 * delay and reordering, partitions, pauses, killed processes. After all
 * is healed everybody sees of everybody who runs exactly what that one has, and of others nothing.
 */
import { systemOf } from '../../../../runtime/kernel.ts'
import { partOf } from '../../../../src/dist/index.ts'
import { start, supervisor } from '../../../../src/index.ts'
import { Replicas, TableReplica } from '../../../../src/replica/index.ts'
import { Simulation } from '../../../../src/testing/index.ts'
import { assert, suite, useSeed } from '../../../support/harness.ts'
import { isPorts, type Ports, processName } from './table-scene.ts'

const test = suite('table replica under faults')

const names = Array.from({ length: 7 }, (_, at) => `n${at}@h${at}`)
const keys = Array.from({ length: 12 }, (_, at) => `k${at}`)

class Scene {
  readonly sim: Simulation
  readonly tables = new Map<string, TableReplica<Ports>>()
  /** What callbacks have told, by observer, author and key. */
  readonly told = new Map<string, Map<string, number>>()
  /** Every value is put once: whoever shows an old one has brought it back. */
  serial = 0

  constructor(seed: number) {
    this.sim = new Simulation({ seed, nodes: names })
  }

  draw(limit: number): number {
    return Math.floor(limit * this.sim.world.random.unit())
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.draw(from.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }

  async boot(name: string): Promise<void> {
    const join = names.filter((other) => other !== name)
    // As wrong as authentication allows.
    const wallSkewMs = this.draw(20_000) - 10_000
    const disk = this.draw(2) === 0 ? 'kept' : 'keysOnly'
    const node = await this.sim.boot(name, { join, wallSkewMs, disk, quiet: true })
    const context = partOf(node, Replicas)?.context
    if (context === undefined) throw new Error(`${name} has no cluster`)
    const told = new Map<string, number>()
    const table = new TableReplica<Ports>(context, {
      name: 'test',
      isValue: isPorts,
      onChange: ({ node: author, key, after }) => {
        if (after === undefined) told.delete(`${author} ${key}`)
        else told.set(`${author} ${key}`, after.port)
      },
    })
    const module = supervisor('fixture.replicas', () => ({
      intensity: 100,
      children: [table.child],
    }))
    systemOf(node).modules.add(module)
    const started = await start(node, module, undefined)
    if (started.tag !== 'ok') throw new Error(`no replica at ${name}`)
    this.tables.set(name, table)
    this.told.set(name, told)
  }

  change(name: string): void {
    const table = this.tables.get(name)
    if (table === undefined || !this.sim.isOn(name)) return
    const key = this.pick(keys)
    if (this.draw(2) === 0) table.put(key, { port: ++this.serial })
    else table.remove(key, 'removed')
  }

  async fault(): Promise<void> {
    const { sim } = this
    const name = this.pick(names)
    const what = this.draw(8)
    if (what === 0 && sim.isOn(name)) {
      sim.crash(name)
      this.tables.delete(name)
    } else if (what === 1 && !sim.isOn(name)) {
      await sim.settle('it boots', this.boot(name))
    } else if (what === 2) sim.setPath(this.draw(20) / 100, 1, 1 + this.draw(100))
    else if (what === 3) sim.partition(names.filter(() => this.draw(2) === 0))
    else if (what === 4) sim.heal()
    else if (what === 5 && sim.isOn(name)) sim.pause(name, this.draw(5_000))
    else if (what === 6 && sim.isOn(name)) sim.stepClock(name, this.draw(4_000) - 2_000)
    else if (what === 7) this.kill(name)
  }

  /** The process of the replica alone. */
  kill(name: string): void {
    const node = this.sim.node(name)
    const pid = node && systemOf(node).names.get(processName)?.pid
    if (pid !== undefined) node?.run((self) => void self.exit(pid, 'kill'))
  }

  seen(at: string, of: string): string {
    const entries = this.tables.get(at)?.entriesOf(of) ?? []
    return [...entries]
      .map(([key, { port }]) => `${key}=${port}`)
      .sort()
      .join(' ')
  }

  /** What is told to be there is what is there. */
  toldOf(at: string, of: string): string {
    const told = [...(this.told.get(at) ?? [])].flatMap(([where, port]) => {
      const [author, key] = where.split(' ')
      return author === of ? [`${key}=${port}`] : []
    })
    return told.sort().join(' ')
  }

  agrees(): boolean {
    const on = names.filter((name) => this.tables.has(name))
    return on.every((at) =>
      names.every((of) => this.seen(at, of) === (on.includes(of) ? this.seen(of, of) : '')),
    )
  }
}

async function run(seed: number): Promise<void> {
  useSeed(seed)
  const scene = new Scene(seed)
  const { sim } = scene
  try {
    for (const name of names) await sim.settle('it boots', scene.boot(name))
    await sim.run(5_000)
    for (let round = 0; round < 60; round++) {
      for (let changes = scene.draw(6); changes > 0; changes--) scene.change(scene.pick(names))
      if (scene.draw(3) === 0) await scene.fault()
      await sim.run(scene.draw(3_000))
    }
    sim.heal()
    sim.setPath(0, 1, 5)
    for (const name of names) if (scene.draw(2) === 0) scene.change(name)
    await sim.until('everybody sees what there is, and nothing else', () => scene.agrees(), 600_000)
    await sim.run(120_000)
    assert.ok(scene.agrees())
    for (const at of scene.tables.keys()) {
      for (const of of names) if (of !== at) assert.is(scene.toldOf(at, of), scene.seen(at, of))
    }
  } finally {
    sim.close()
  }
}

for (const seed of [1, 2, 3, 4]) {
  test(`seed ${seed}: all agree when it is over`, () => run(seed), { deadlineMs: 60_000 })
}

test.run()
