/**
 * The names of the cluster against a plain list of entries, under random registering, giving up and
 * ending here, and random changes of other nodes' tables. After every step both say the same, in
 * the stable order, and what the other nodes were told adds up to what this node has.
 */
import fc from 'fast-check'
import type { NameTerm, Pid } from '../../runtime/index.ts'
import { listServices, lookupService, registerService, unregisterService } from '../../src/index.ts'
import { assert, suite } from '../support/harness.ts'
import { OneRegistry } from '../unit/src/services/registry/one-registry.ts'

const test = suite('service names model')

const names: readonly NameTerm[] = ['a', '1', 1, { room: 1 }, ['a']]
const here = 'a@host'
const others = ['b@host', 'c@host']

type Entry = { readonly name: number; readonly node: string; readonly pid: Pid }

type Step = {
  readonly tag: 'register' | 'unregister' | 'end' | 'comes' | 'goes'
  readonly name: number
  readonly which: number
}

const steps = fc.array(
  fc.record({
    tag: fc.constantFrom<Step['tag'][]>('register', 'unregister', 'end', 'comes', 'comes', 'goes'),
    name: fc.nat(names.length - 1),
    which: fc.nat(others.length - 1),
  }),
  { maxLength: 60, size: 'max' },
)

class Model {
  readonly one = new OneRegistry()
  readonly #holders = [this.one.idle(), this.one.idle()]
  #entries: readonly Entry[] = []
  #index = 0

  async step({ tag, name, which }: Step): Promise<void> {
    const term = names[name] ?? null
    if (tag === 'register') this.#register(term, name, which)
    else if (tag === 'unregister') {
      unregisterService(this.one.node, term)
      this.#drop((entry) => entry.node === here && entry.name === name)
    } else if (tag === 'end') {
      const pid = this.#holders[which]
      if (pid === undefined) throw new Error('no such holder')
      await this.one.end(pid)
      this.#drop((entry) => entry.pid === pid)
      this.#holders[which] = this.one.idle()
    } else this.#elsewhere(tag === 'comes', term, name, others[which] ?? '')
    this.#check()
  }

  #register(term: NameTerm, name: number, which: number): void {
    const pid = this.#holders[which]
    if (pid === undefined) throw new Error('no such holder')
    const held = this.#entries.find((entry) => entry.node === here && entry.name === name)
    const registered = registerService(this.one.node, term, { pid })
    assert.is(registered.tag, held === undefined || held.pid === pid ? 'ok' : 'error')
    if (held === undefined) this.#entries = [...this.#entries, { name, node: here, pid }]
  }

  #elsewhere(comes: boolean, term: NameTerm, name: number, node: string): void {
    const key = this.one.registry.textOf(term)
    this.#drop((entry) => entry.node === node && entry.name === name)
    if (!comes) {
      this.one.registry.changed({ node, key })
      return
    }
    const pid = this.one.far(node, ++this.#index)
    this.one.registry.changed({ node, key, after: [pid, {}, term] })
    this.#entries = [...this.#entries, { name, node, pid }]
  }

  #drop(goes: (entry: Entry) => boolean): void {
    this.#entries = this.#entries.filter((entry) => !goes(entry))
  }

  #check(): void {
    for (const [name, term] of names.entries()) {
      const wanted = this.#entries.filter((entry) => entry.name === name)
      // This node's own name sorts before those of the others.
      wanted.sort((a, b) => (a.node < b.node ? -1 : 1))
      const found = lookupService(this.one.node, term)
      assert.equal(
        found.map(({ pid }) => String(pid)),
        wanted.map(({ pid }) => String(pid)),
      )
      assert.is(this.one.registry.whereis(term), wanted[0]?.pid)
    }
    const known = new Set(this.#entries.map((entry) => entry.name))
    assert.is(listServices(this.one.node).length, known.size)
    assert.equal(this.#told(), this.#own())
  }

  #told(): string[] {
    const table = new Map<string, string>()
    for (const told of this.one.told) {
      if (told.tag === 'remove') table.delete(told.key)
      else table.set(told.key, String(told.value[0]))
    }
    return [...table].map(([key, pid]) => `${key} ${pid}`).sort()
  }

  #own(): string[] {
    return this.#entries
      .filter(({ node }) => node === here)
      .map(({ name, pid }) => `${this.one.registry.textOf(names[name] ?? null)} ${pid}`)
      .sort()
  }
}

test('whatever happens, both say the same', async () => {
  const property = fc.asyncProperty(steps, async (sequence) => {
    const model = new Model()
    for (const step of sequence) await model.step(step)
  })
  await fc.assert(property, { numRuns: 60 })
})

test.run()
