/**
 * What a node program is told and what it answers: one JSON value per line, orders on its standard
 * input, answers with the same `id` and events on its standard output.
 */
import type { StaticNodes } from '../../src/discovery/index.ts'
import type { Published } from '../../src/index.ts'
import type { DiscoveryOptions } from '../../src/node/discovery-options.ts'
import type { ClusterLook } from './cluster-watch.ts'
import type { LoopHeld } from './loop-watch.ts'

export type ProgramOptions = {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly nodes?: StaticNodes
  readonly discovery?: DiscoveryOptions
  readonly join?: readonly string[]
  readonly dataDir: string
  readonly cookie: string
  readonly tickMs: number
}

export type Order =
  /** Calls the echo server of `node`, one after the other. */
  | { readonly op: 'call'; readonly node: string; readonly times: number }
  /** Calls without end, `width` at a time, until `loadStop`. */
  | { readonly op: 'loadStart'; readonly node: string; readonly width: number }
  | { readonly op: 'loadStop' }
  /** Sends so many bytes to the echo server of `node`, which answers with their hash. */
  | { readonly op: 'bulk'; readonly node: string; readonly bytes: number }
  /** Monitors the echo server of `node`; its end comes as an event. */
  | { readonly op: 'monitor'; readonly node: string }
  | { readonly op: 'look' }
  /** Collects, and tells how large the process is then. */
  | { readonly op: 'resident' }
  /** Broadcasts a text. */
  | { readonly op: 'tell'; readonly text: string }
  | { readonly op: 'cluster' }
  | { readonly op: 'stop' }

/** What the program knows of itself. */
export type Look = {
  readonly nodes: readonly string[]
  readonly ups: number
  readonly downs: number
  /** After a full collection. */
  readonly residentBytes: number
  /** Since the last look. */
  readonly loopHeld: LoopHeld
}

export type Load = { readonly answered: number; readonly failed: number; readonly worstMs: number }

export type Answers = {
  readonly call: { readonly answered: number }
  readonly loadStart: null
  readonly loadStop: Load
  readonly bulk: { readonly same: boolean }
  readonly monitor: null
  readonly look: Look
  readonly resident: { readonly bytes: number }
  readonly tell: Published
  readonly cluster: ClusterLook
  readonly stop: null
}

export type ProgramLine =
  | { readonly tag: 'ready'; readonly port: number }
  | { readonly tag: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly tag: 'error'; readonly id: number; readonly message: string }
  | { readonly tag: 'nodeup' | 'nodedown'; readonly node: string }
  | { readonly tag: 'down'; readonly node: string; readonly reason: unknown }
