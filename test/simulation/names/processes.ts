/** The processes that have names in the simulation, each booked for as long as it has them. */
import { type AnyModule, type Module, pidKey, process, type Self } from '../../../runtime/index.ts'
import {
  type Behaviour,
  child,
  genServer,
  global,
  next,
  supervisor,
  via,
} from '../../../stdlib/index.ts'
import type { Witness } from '../witness.ts'
import { type Books, conflictOf, textOf } from './books.ts'
import type { Slot } from './draw.ts'

type Server = Record<never, never>
/** What a server was started under. */
export type Named = Extract<Slot, { readonly tag: 'via' | 'global' }>

export type NamesModules = {
  /** Has whatever it is given, and lives on when it loses a global name. */
  readonly holder: Module<unknown, undefined>
  /** Was started under a name. */
  readonly server: Behaviour<Server, Named>
  /** Starts a server for each via name, and again when it ends. */
  readonly shop: Behaviour<unknown, readonly Slot[]>
}

export function namesModules(witness: Witness, books: Books): NamesModules {
  const released = (self: Self, message: unknown): void => {
    const conflict = conflictOf(message)
    if (conflict === undefined) return
    const { name, winner } = conflict
    const [loser, key] = [pidKey(self.pid), witness.viewOf(self).key]
    books.count('name released')
    books.lost(key, { name, loser, winner: pidKey(winner) })
  }
  const holder = process<undefined>('names.holder', async (self) => {
    for (;;) released(self, await self.receive())
  })
  const server = genServer<Server>('names.server')({
    init: (named: Named, self) => {
      book(witness, books, named, self)
      return next(null)
    },
    info: (state, message, self) => {
      released(self, message)
      return next(state)
    },
  })
  const shop = supervisor('names.shop', (slots: readonly Slot[]) => ({
    strategy: 'oneForOne',
    intensity: 1_000_000,
    periodMs: 1_000,
    children: slots
      .filter((slot): slot is Named => slot.tag === 'via')
      .map((slot) =>
        child(server, slot, { id: textOf(slot.name), name: via(server, 'cluster', slot.name) }),
      ),
  }))
  return { holder, server, shop }
}

export function allModules({ holder, server, shop }: NamesModules): readonly AnyModule[] {
  return [holder, server, shop]
}

/** The name of a server that is started under a global one. */
export function globalName({ server }: NamesModules, name: string) {
  return global(server, name)
}

function book(witness: Witness, books: Books, named: Named, self: Self): void {
  const { key } = witness.viewOf(self)
  const { services, globals } = books.of(key)
  books.follow(self, key, self.pid)
  if (named.tag === 'global') globals.set(named.name, pidKey(self.pid))
  else services.set(textOf(named.name), { pid: self.pid, serial: 0 })
}
