/**
 * Typed protocols: what a server understands, declared once as a type and checked on both sides.
 * An operation takes one argument and travels by name; its argument and reply are plain data.
 * Functions, promises and class instances in a protocol are refused by the compiler, which names
 * the operation.
 */
import type { Name, Pid, Ref, Reference } from '../runtime/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: bound of a type parameter
type Operation = (arg: any) => unknown

/** The shape of a protocol: `type Counter = { calls: { get: () => number } }`. */
export type Protocol = {
  readonly calls?: { readonly [op: string]: Operation }
  readonly casts?: { readonly [op: string]: Operation }
}

export type Calls<P> = P extends { readonly calls: infer C } ? C : {}
export type Casts<P> = P extends { readonly casts: infer C } ? C : {}

/** Names of the operations of `Calls<P>` or `Casts<P>`. */
export type OpOf<Ops> = keyof Ops & string

export type ArgOf<F> = F extends (...args: infer A) => unknown
  ? A extends readonly []
    ? undefined
    : A extends readonly [infer First]
      ? First
      : A extends readonly [(infer Optional)?]
        ? Optional | undefined
        : never
  : never

export type ReplyOf<F> = F extends (...args: infer _) => infer R ? R : never

/** The argument list of a client function: none where the operation takes none. */
export type ArgsOf<F> = F extends (...args: infer A) => unknown ? A : never

/** Where a server can be reached: a ref or a name that remembers its protocol. */
export type ServerRef<P> = Ref<P> | Name<P>

declare const answer: unique symbol

/** Whom to answer: given to a call's handler, good for one `replyTo`, from anywhere. */
export type From<R> = Reference & { readonly [answer]?: (reply: R) => void }

/** Data that may cross a node. */
export type Sendable =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Pid
  | Reference
  | readonly Sendable[]
  | { readonly [key: string]: Sendable }
  | ReadonlyMap<Sendable, Sendable>
  | ReadonlySet<Sendable>

/**
 * What `T` is where all of it is plain data, and `never` in every place that is not: `T` can be
 * sent if it is assignable to this. Compared as a whole, so that recursive types pass.
 */
type Plain<T> = unknown extends T
  ? T
  : T extends Pid | Reference | Uint8Array | null | undefined | boolean | number | bigint | string
    ? T
    : T extends ((...args: never[]) => unknown) | Promise<unknown>
      ? never
      : T extends ReadonlyMap<infer K, infer V>
        ? ReadonlyMap<Plain<K>, Plain<V>>
        : T extends ReadonlySet<infer V>
          ? ReadonlySet<Plain<V>>
          : T extends object
            ? { [K in keyof T]: Plain<T[K]> }
            : never

type IsSendable<T> = [T] extends [Plain<T>] ? true : false

type CheckOps<Ops> = {
  [Op in keyof Ops]: [ArgsOf<Ops[Op]>['length']] extends [0 | 1]
    ? false extends IsSendable<ArgOf<Ops[Op]>>
      ? `argument of '${Op & string}' is not plain data`
      : false extends IsSendable<ReplyOf<Ops[Op]> extends void ? null : ReplyOf<Ops[Op]>>
        ? `reply of '${Op & string}' is not plain data`
        : Ops[Op]
    : `'${Op & string}' takes more than one argument`
}

/** `P` itself, or a type that names the operation whose data cannot be sent. */
export type CheckedProtocol<P> = {
  [K in keyof P]: K extends 'calls' | 'casts' ? CheckOps<P[K]> : never
}
