/**
 * What becomes of the names of one node: a process that keeps taking, changing and giving back
 * names, and ending those who have them, now and then also what carries names. While the turmoil
 * lasts it does so again and again; after it everything that is free is taken once, and then it
 * waits to be told to do more.
 */
import { isAlive, type Pid, pidKey, type Reason, type Self, spawn } from '../../../runtime/index.ts'
import { systemOf, terminate } from '../../../runtime/kernel.ts'
import {
  type ConflictVerdict,
  joinGroup,
  leaveGroup,
  registerGlobalName,
  registerService,
  unregisterGlobalName,
  unregisterService,
  updateMetadata,
} from '../../../src/index.ts'
import { start } from '../../../stdlib/index.ts'
import type { Witness } from '../witness.ts'
import { type Book, type Books, textOf } from './books.ts'
import type { NamesDraw, Slot } from './draw.ts'
import { globalName, type NamesModules } from './processes.ts'

/** So many changes at once. */
export type Burst = { readonly tag: 'burst'; readonly changes: number }

export function isBurst(message: unknown): message is Burst {
  return (
    typeof message === 'object' && message !== null && 'tag' in message && message.tag === 'burst'
  )
}

/** Mean time between two, on one node: its supervisor gives up at ten in ten seconds. */
const killEveryMs = 8_000
const partOfNames = /^skein\.(replica\.|services|global|groups)/

type Of<Tag extends Slot['tag']> = Extract<Slot, { readonly tag: Tag }>

export class Churn {
  readonly #witness: Witness
  readonly #books: Books
  readonly #modules: NamesModules
  readonly #draw: NamesDraw
  readonly #self: Self
  readonly #key: string
  readonly #slots: readonly Slot[]
  /** Who has the name of a slot, or had it. */
  readonly #holders = new Map<Slot, Pid>()

  constructor(witness: Witness, books: Books, modules: NamesModules, draw: NamesDraw, self: Self) {
    this.#witness = witness
    this.#books = books
    this.#modules = modules
    this.#draw = draw
    this.#self = self
    this.#key = witness.viewOf(self).key
    this.#slots = (draw.slots.get(self.node) ?? []).map((slot) => {
      return slot.tag === 'service' && slot.perLife ? { ...slot, name: this.#named(slot) } : slot
    })
  }

  async run(): Promise<never> {
    await this.#takeAll()
    while (this.#witness.active) {
      await this.#change()
      if (this.#witness.sim.world.random.unit() * killEveryMs < this.#draw.restMaxMs / 2)
        this.#kill()
      const restMs = this.#below(this.#draw.restMaxMs)
      await this.#self.receive(null, { timeoutMs: restMs, otherwise: null })
    }
    await this.#takeAll()
    for (;;) {
      const { changes } = await this.#self.receive(isBurst)
      for (let left = changes; left > 0; left--) await this.#change()
      await this.#takeAll()
    }
  }

  async #takeAll(): Promise<void> {
    for (const slot of this.#slots) if (this.#holderOf(slot) === undefined) await this.#take(slot)
  }

  async #change(): Promise<void> {
    const slot = this.#slots[this.#below(this.#slots.length)]
    if (slot === undefined) return
    const pid = this.#holderOf(slot)
    if (pid === undefined) await this.#take(slot)
    else if (slot.tag === 'via' || this.#below(3) === 0) this.#end(slot, pid)
    else if (slot.tag === 'service') this.#changeService(slot, pid)
    else if (slot.tag === 'global') this.#changeGlobal(slot, pid)
    else this.#changeMember(slot, pid)
  }

  async #take(slot: Slot): Promise<void> {
    if (slot.tag === 'via') return
    if (slot.tag === 'global' && slot.starts) return this.#start(slot)
    const pid = spawn(this.#self, this.#modules.holder)
    this.#books.follow(this.#self, this.#key, pid)
    this.#holders.set(slot, pid)
    if (slot.tag === 'service') this.#register(slot, pid)
    else if (slot.tag === 'global') this.#claim(slot, pid)
    else this.#join(slot, pid)
  }

  async #start(slot: Of<'global'>): Promise<void> {
    const { server } = this.#modules
    const name = globalName(this.#modules, slot.name)
    const started = await start(this.#self, server, slot, { name })
    if (started.tag === 'ok') {
      this.#holders.set(slot, started.pid)
      this.#did('claim', slot.name, started.pid)
    }
  }

  /** One of the node's processes that carry names ends, and those behind it are started anew. */
  #kill(): void {
    const parts = [...systemOf(this.#self).processes].filter(({ module }) =>
      partOfNames.test(module),
    )
    const part = parts[this.#below(parts.length)]
    if (part === undefined) return
    this.#books.count('name part killed')
    this.#did('kill', part.module, part.pid)
    terminate(part, 'killed')
  }

  #end(slot: Slot, pid: Pid): void {
    const reasons: readonly Reason[] = ['kill', 'broken', { tag: 'shutdown', detail: slot.tag }]
    if (slot.tag === 'via') this.#books.count('name restarted')
    this.#did('end', slot.tag, pid)
    this.#self.exit(pid, reasons[this.#below(reasons.length)] ?? 'kill')
  }

  #changeService(slot: Of<'service'>, pid: Pid): void {
    const { services } = this.#book
    const text = textOf(slot.name)
    const known = services.get(text)
    if (known === undefined) this.#register(slot, pid)
    else if (slot.hasMetadata && this.#below(3) > 0) {
      const serial = this.#witness.nextId()
      this.#expect(updateMetadata(this.#self, slot.name, { serial }), 'an update', slot)
      known.serial = serial
      this.#books.count('name updated')
      this.#did('update', `${text} ${serial}`, pid)
    } else {
      unregisterService(this.#self, slot.name)
      services.delete(text)
      this.#did('unregister', text, pid)
    }
  }

  #register(slot: Of<'service'>, pid: Pid): void {
    const serial = slot.hasMetadata ? this.#witness.nextId() : 0
    const metadata = slot.hasMetadata ? { metadata: { serial } } : {}
    const text = textOf(slot.name)
    this.#expect(registerService(this.#self, slot.name, { pid, ...metadata }), 'a name', slot)
    this.#book.services.set(text, { pid, serial })
    this.#did('register', `${text} ${serial}`, pid)
  }

  #changeGlobal(slot: Of<'global'>, pid: Pid): void {
    const { globals } = this.#book
    if (globals.get(slot.name) !== pidKey(pid)) this.#claim(slot, pid)
    else {
      unregisterGlobalName(this.#self, slot.name)
      globals.delete(slot.name)
      this.#did('unclaim', slot.name, pid)
    }
  }

  #claim(slot: Of<'global'>, pid: Pid): void {
    const verdicts: readonly ConflictVerdict[] = ['stop', 'release', 'take']
    const onConflict = async (): Promise<ConflictVerdict> => {
      const verdict = verdicts[this.#below(verdicts.length)] ?? 'stop'
      this.#books.count(`name resolved: ${verdict}`)
      return verdict
    }
    const hasResolver = this.#below(this.#draw.resolverOneIn) === 0
    const options = hasResolver ? { pid, onConflict } : { pid }
    const claimed = registerGlobalName(this.#self, slot.name, options)
    if (claimed.tag === 'error') return
    this.#book.globals.set(slot.name, pidKey(pid))
    this.#did('claim', slot.name, pid)
  }

  #changeMember(slot: Of<'member'>, pid: Pid): void {
    const text = textOf(slot.group)
    const members = this.#book.groups.get(text)
    const joins = members?.get(pidKey(pid)) ?? 0
    if (joins === 0 || this.#below(2) === 0) this.#join(slot, pid)
    else {
      this.#expect(leaveGroup(this.#self, slot.group, pid), 'to leave', slot)
      if (joins === 1) members?.delete(pidKey(pid))
      else members?.set(pidKey(pid), joins - 1)
      this.#did('leave', text, pid)
    }
  }

  #join(slot: Of<'member'>, pid: Pid): void {
    const text = textOf(slot.group)
    this.#expect(joinGroup(this.#self, slot.group, pid), 'to join', slot)
    const { groups } = this.#book
    const members = groups.get(text) ?? new Map<string, number>()
    groups.set(text, members.set(pidKey(pid), (members.get(pidKey(pid)) ?? 0) + 1))
    this.#did('join', text, pid)
  }

  /** The living process of a slot; of a via name, whoever has been started under it. */
  #holderOf(slot: Slot): Pid | undefined {
    const pid =
      slot.tag === 'via' ? this.#book.services.get(textOf(slot.name))?.pid : this.#holders.get(slot)
    return pid !== undefined && isAlive(this.#self, pid) ? pid : undefined
  }

  #named({ name }: Of<'service'>): string {
    return `${textOf(name)} of ${this.#key}`
  }

  /** None of these may be refused. */
  #expect(result: { readonly tag: 'ok' | 'error' }, what: string, slot: Slot): void {
    if (result.tag === 'ok') return
    const why = JSON.stringify(result)
    this.#witness.accuse(`${this.#key} was refused ${what} of ${JSON.stringify(slot)}: ${why}`)
  }

  get #book(): Book {
    return this.#books.of(this.#key)
  }

  #did(what: string, name: string, pid: Pid): void {
    this.#witness.sim.note('names', `${this.#key} ${what} ${name} ${pidKey(pid)}`)
  }

  #below(limit: number): number {
    return Math.floor(limit * this.#witness.sim.world.random.unit())
  }
}
