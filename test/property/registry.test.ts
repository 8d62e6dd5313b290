/**
 * The local registry against a plain list of entries, under random registering, unregistering and
 * killing. After every step the registry and the list say the same, and a process that has an entry
 * is linked with the registry, one that has none is not.
 */
import fc from 'fast-check'
import {
  isAlive,
  isDown,
  type NameKey,
  process,
  type Ref,
  type Self,
  spawn,
} from '../../runtime/index.ts'
import { Process, recordOfPid, selfOf } from '../../runtime/kernel.ts'
import {
  countEntries,
  keysOf,
  lookup,
  Registry,
  register,
  start,
  unregister,
} from '../../stdlib/index.ts'
import { inProcess } from '../conformance/otp/one-node.ts'
import { assert, suite } from '../support/harness.ts'

const test = suite('registry model')

type Step = {
  readonly tag: 'register' | 'unregister' | 'kill'
  readonly who: number
  readonly key: number
}

const keys: readonly NameKey[] = ['a', 'b', 1, '1', -0.5]
const members = 4

const steps = fc.array(
  fc.record({
    tag: fc.constantFrom<Step['tag'][]>('register', 'register', 'register', 'unregister', 'kill'),
    who: fc.nat(members - 1),
    key: fc.nat(keys.length - 1),
  }),
  { maxLength: 120, size: 'max' },
)

const Member = process('model.member', async (self) => {
  await self.receive()
})

type Entry = { readonly pid: Ref; readonly key: NameKey; readonly value: number }

function recordOf(pid: Ref): Process {
  const record = recordOfPid(pid)
  if (!(record instanceof Process)) throw new Error('a process of this node')
  return record
}

class Scene {
  readonly #self: Self
  readonly #name: string
  readonly #unique: boolean
  readonly #registry: Ref
  readonly #pids: Ref[]
  #entries: Entry[] = []

  constructor(self: Self, name: string, unique: boolean, registry: Ref) {
    this.#self = self
    this.#name = name
    this.#unique = unique
    this.#registry = registry
    this.#pids = Array.from({ length: members }, () => spawn(self, Member))
  }

  async step({ tag, who, key: at }: Step, value: number): Promise<void> {
    const pid = this.#pids[who]!
    const key = keys[at]!
    if (tag === 'kill') {
      const ref = this.#self.monitor(pid)
      this.#self.exit(pid, 'kill')
      this.#entries = this.#entries.filter((entry) => entry.pid !== pid)
      this.check()
      await this.#self.receive(isDown(ref))
      this.#pids[who] = spawn(this.#self, Member)
    } else if (tag === 'unregister') {
      unregister(selfOf(recordOf(pid)), this.#name, key)
      this.#entries = this.#entries.filter((entry) => entry.pid !== pid || entry.key !== key)
    } else {
      const holder = this.#entries.find((entry) => entry.key === key)
      const result = register(selfOf(recordOf(pid)), this.#name, key, value)
      if (this.#unique && holder !== undefined) {
        const reason = { tag: 'alreadyRegistered', pid: holder.pid }
        assert.equal(result, { tag: 'error', reason })
      } else {
        assert.equal(result, { tag: 'ok' })
        this.#entries.push({ pid, key, value })
      }
    }
    this.check()
  }

  check(): void {
    assert.is(countEntries(this.#self, this.#name), this.#entries.length)
    for (const key of keys) {
      const expected = this.#entries.filter((entry) => entry.key === key)
      assert.equal(
        lookup(this.#self, this.#name, key),
        expected.map(({ pid, value }) => ({ pid, value })),
      )
    }
    for (const pid of this.#pids) {
      const own = this.#entries.filter((entry) => entry.pid === pid).map(({ key }) => key)
      assert.equal(keysOf(this.#self, this.#name, pid), own)
      if (!isAlive(this.#self, pid)) continue
      assert.is(recordOf(pid).links?.has(this.#registry) ?? false, own.length > 0)
    }
  }
}

for (const kind of ['unique', 'duplicate'] as const) {
  test(`${kind} keys say what the list of entries says`, () =>
    inProcess(async (self) => {
      let round = 0
      const property = fc.asyncProperty(steps, async (sequence) => {
        const name = `model.${++round}`
        const started = await start(self, Registry, { keys: kind }, { name })
        if (started.tag !== 'ok') throw new Error('the registry starts')
        const scene = new Scene(self, name, kind === 'unique', started.pid)
        for (const [value, step] of sequence.entries()) await scene.step(step, value)
      })
      await fc.assert(property, { numRuns: 60 })
    }))
}

test.run()
