/** What the two threads of `far-endpoint.ts` say to each other; things go by number. */
import type { MessagePort } from 'node:worker_threads'
import type {
  Address,
  CarrierFailure,
  CloseInfo,
  PathStatistics,
  TlsMaterial,
} from '../../../src/carrier/carrier.ts'
import type { WorkerCarrierOptions } from '../../../src/carrier/worker/index.ts'

export type FarData = {
  readonly port: MessagePort
  readonly bell: Int32Array
  readonly tls: TlsMaterial
  readonly options: WorkerCarrierOptions
}

export type FarConnectionFacts = {
  readonly connection: number
  readonly role: 'dialer' | 'acceptor'
  readonly peerAddress: Address
  readonly localCertHash: Uint8Array
  readonly peerCertHash: Uint8Array
}

export type FarStreamFacts = {
  readonly stream: number
  readonly id: number
  readonly kind: 'bidi' | 'uni'
}

/** A call on the carrier of the far thread. */
export type FarCall =
  | {
      readonly op: 'dial'
      readonly dial: number
      readonly address: Address
      readonly timeoutMs: number
    }
  | { readonly op: 'closeEndpoint'; readonly code: number }
  | { readonly op: 'open'; readonly connection: number; readonly kind: 'bidi' | 'uni' }
  | {
      readonly op: 'close'
      readonly connection: number
      readonly code: number
      readonly reason: string
    }
  | { readonly op: 'isClosed' | 'statistics'; readonly connection: number }
  | { readonly op: 'write'; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly op: 'queued' | 'end' | 'pause' | 'resume'; readonly stream: number }
  | { readonly op: 'reset'; readonly stream: number; readonly code: number }

export type FarAnswer = boolean | number | FarStreamFacts | PathStatistics | undefined

/** A callback of the carrier of the far thread. */
export type FarEvent =
  | { readonly on: 'connection'; readonly facts: FarConnectionFacts }
  | {
      readonly on: 'dialled'
      readonly dial: number
      readonly result: FarConnectionFacts | CarrierFailure
    }
  | { readonly on: 'endpointClosed' }
  | { readonly on: 'stream'; readonly connection: number; readonly facts: FarStreamFacts }
  | { readonly on: 'close'; readonly connection: number; readonly info: CloseInfo }
  | { readonly on: 'data'; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly on: 'end' | 'drain'; readonly stream: number }
  | { readonly on: 'reset'; readonly stream: number; readonly code: number }

/** From the far thread. */
export type FromFar =
  | { readonly tag: 'opened'; readonly address: Address }
  | { readonly tag: 'answer'; readonly answer: FarAnswer }
  /** `inCall`: raised inside a call made on the carrier, which the port forbids. */
  | { readonly tag: 'event'; readonly event: FarEvent; readonly inCall: boolean }

/** To the far thread. */
export type ToFar = { readonly tag: 'call'; readonly call: FarCall } | { readonly tag: 'handled' }
