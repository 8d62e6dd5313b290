/**
 * What the compiler must refuse in a protocol: data that cannot cross a node. The message of the
 * error names the operation. And what it must refuse of the runtime's own functions.
 */
import {
  isDown,
  type LocalNode,
  type Pid,
  process,
  type Reference,
  type Self,
  spawn,
  spawnAt,
  spawnLink,
} from '../../runtime/index.ts'
import { child, genServer, supervisor } from '../../stdlib/index.ts'

class Account {
  readonly #secret = 1
  get secret(): number {
    return this.#secret
  }
}

type Tree = { readonly leaf: number | null; readonly branches: readonly Tree[] }

export const fine = [
  genServer<{ calls: { all: (arg: Tree) => Map<string, Set<bigint>> } }>('data.tree'),
  genServer<{ calls: { bytes: (arg: Uint8Array) => Pid | Reference | undefined } }>('data.bytes'),
  genServer<{ casts: { note: (arg: readonly [string, 1 | 'two'][] | null) => void } }>('data.note'),
  genServer<{ casts: { perhaps: (arg?: number) => void } }>('data.perhaps'),
]

export const refused = [
  // @ts-expect-error: a function as an argument
  genServer<{ calls: { on: (listener: () => void) => null } }>('data.on'),
  // @ts-expect-error: a function deep in an argument
  genServer<{ casts: { on: (arg: { deep: { f: () => void }[] }) => void } }>('data.deep'),
  // @ts-expect-error: a function as a reply
  genServer<{ calls: { make: () => () => number } }>('data.make'),
  // @ts-expect-error: a promise as a reply
  genServer<{ calls: { later: () => Promise<number> } }>('data.later'),
  // @ts-expect-error: a promise in an argument
  genServer<{ calls: { wait: (arg: { p: Promise<number> }) => null } }>('data.wait'),
  // @ts-expect-error: a class instance with methods
  genServer<{ calls: { account: () => Date } }>('data.date'),
  // @ts-expect-error: a symbol
  genServer<{ calls: { mark: (arg: symbol) => null } }>('data.mark'),
  // @ts-expect-error: a function in a Map
  genServer<{ calls: { table: () => Map<string, () => void> } }>('data.table'),
  // @ts-expect-error: something that is neither calls nor casts
  genServer<{ calls: { ok: () => null }; infos: { any: () => void } }>('data.infos'),
  // @ts-expect-error: an operation takes one argument
  genServer<{ calls: { two: (a: number, b: () => void) => null } }>('data.two'),
]

/** The compiler's message names the operation. */
type MessageOf<P extends { calls: { [op: string]: unknown } }> = {
  [Op in keyof P['calls']]: Op
}
export const named: MessageOf<{ calls: { account: Account } }> = { account: 'account' }

declare const self: Self
declare const node: LocalNode
declare const pid: Pid

const Plain = process('types.plain', async (own, arg: { readonly to: Pid }) => {
  own.send(arg.to, 'hello')
})
const Bare = process('types.bare', async () => undefined)

export const spawns = [
  spawn(self, Plain, { to: pid }),
  spawn(node, Bare),
  spawn(node, Bare, undefined, { name: 'bare' }),
  // @ts-expect-error: a missing argument
  spawn(self, Plain),
  // @ts-expect-error: a wrong argument
  spawn(self, Plain, { to: 'somebody' }),
  // @ts-expect-error: an argument where none is taken
  spawn(self, Bare, { to: pid }),
  // @ts-expect-error: an unknown option
  spawn(self, Bare, undefined, { nick: 'bare' }),
  // @ts-expect-error: a function is no module
  spawn(self, async () => undefined),
  // @ts-expect-error: host code cannot link
  spawnLink(node, Bare),
  // @ts-expect-error: a node is given by name
  spawnAt(self, node, Bare),
  // @ts-expect-error: a wrong argument
  spawnAt(self, 'a@host', Plain, { to: 1 }),
]

export async function receives(): Promise<void> {
  const down = await self.receive(isDown())
  down.reason satisfies unknown
  const maybe = await self.receive(isDown(), { timeoutMs: 1, otherwise: null })
  // @ts-expect-error: it may be null
  maybe.reason satisfies unknown
  const any = await self.receive()
  // @ts-expect-error: a message without a predicate is unknown
  any.tag satisfies string
  // @ts-expect-error: a name is no pid
  self.link({ tag: 'local', name: 'n' })
  // @ts-expect-error: a string is no pid
  self.exit('somebody', 'kill')
  // @ts-expect-error: a reason is a string or has a tag
  self.exit(pid, { why: 'because' })
  // @ts-expect-error: a reason is data
  self.exit(pid, new Error('no'))
}

/** A generator body knows what it takes. */
export const Taker = process('types.taker', function* (own) {
  const down = yield* own.take(isDown())
  down.reason satisfies unknown
  const maybe = yield* own.take(isDown(), { timeoutMs: 1, otherwise: null })
  // @ts-expect-error: it may be null
  maybe.reason satisfies unknown
})

const Tree = supervisor('types.tree', (_config: { readonly size: number }) => ({ children: [] }))

export const children = [
  child(Tree, { size: 1 }),
  child(Bare),
  // @ts-expect-error: a missing argument
  child(Tree),
  // @ts-expect-error: a wrong argument
  child(Tree, { size: 'large' }),
  // @ts-expect-error: no such restart type
  child(Bare, undefined, { restart: 'always' }),
  // @ts-expect-error: no such strategy
  supervisor('types.bad', () => ({ strategy: 'oneForNone', children: [] })),
  // @ts-expect-error: children are specs, not modules
  supervisor('types.bad', () => ({ children: [Bare] })),
]
