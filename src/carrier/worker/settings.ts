/**
 * Options of the worker carrier, checked once at the boundary: a bad one throws a TypeError whose
 * message names the field and the value received. Past this file settings are trusted.
 */
import { MessagePort } from 'node:worker_threads'
import { limits } from '../../limits.ts'
import type { Address, Carrier } from '../carrier.ts'

export type WorkerLink = {
  /** By what name the endpoint at the other end is dialled from here. */
  readonly address: Address
  /** One end of a channel; the other end is among the links of that endpoint's carrier. */
  readonly port: MessagePort
}

export type WorkerCarrierOptions = {
  /** A carrier to other OS processes: it is dialled for every address that is no worker's. */
  readonly beside?: Carrier
  /** How others call this endpoint. Default `{ host: 'worker', port: 1 }`. */
  readonly address?: Address
  /** Links that are there from the beginning, for who starts threads without `startWorkers`. */
  readonly links?: readonly WorkerLink[]
  /** Streams of each kind a peer may hold open. Default `limits.carrierStreamsMax`. */
  readonly streamsMax?: number
  /** Default `limits.carrierConnectionsMax`. */
  readonly connectionsMax?: number
}

export type WorkerSettings = {
  readonly beside: Carrier | undefined
  readonly address: Address
  readonly links: readonly WorkerLink[]
  readonly streamsMax: number
  readonly connectionsMax: number
}

/** The host part of addresses of worker threads; it names none on a network. */
export const workerHost = 'worker'

const known: readonly (keyof WorkerCarrierOptions)[] = [
  'beside',
  'address',
  'links',
  'streamsMax',
  'connectionsMax',
]

/** Fills in the defaults. Throws a TypeError naming the field and the value. */
export function workerSettings(options: WorkerCarrierOptions): WorkerSettings {
  if (typeof options !== 'object' || options === null) refuse('options', 'an object', options)
  for (const field of Object.keys(options)) {
    if (!known.some((name) => name === field)) {
      throw new TypeError(`workerCarrier: unknown option ${field}; known are ${known.join(', ')}`)
    }
  }
  const { beside, address = { host: workerHost, port: 1 }, links = [] } = options
  if (beside !== undefined && typeof beside?.open !== 'function') {
    refuse('beside', 'a carrier, such as quicCarrier({ host, port })', beside)
  }
  checkAddress('address', address)
  if (!Array.isArray(links)) refuse('links', 'an array of { address, port }', links)
  for (const [at, link] of links.entries()) {
    checkAddress(`links[${at}].address`, link?.address)
    if (!(link.port instanceof MessagePort)) {
      refuse(`links[${at}].port`, 'a MessagePort', link.port)
    }
  }
  return {
    beside,
    address,
    links,
    streamsMax: count('streamsMax', options.streamsMax, limits.carrierStreamsMax),
    connectionsMax: count('connectionsMax', options.connectionsMax, limits.carrierConnectionsMax),
  }
}

function checkAddress(field: string, address: Address): void {
  const { host, port } = address ?? {}
  const valid = typeof host === 'string' && host !== '' && Number.isInteger(port) && port > 0
  if (!valid) refuse(field, '{ host, port } with a positive port', JSON.stringify(address))
}

function count(field: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 1_000_000) {
    return value
  }
  refuse(field, 'an integer from 1 to 1000000', value)
}

function refuse(field: string, expected: string, value: unknown): never {
  throw new TypeError(`workerCarrier: ${field} must be ${expected}, got ${String(value)}`)
}
