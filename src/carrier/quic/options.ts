/**
 * Options of the QUIC carrier, checked once at the boundary: a bad one throws a TypeError whose
 * message names the field and the value received. Past this file settings are trusted.
 */
import { limits } from '../../limits.ts'
import { datagramBaseBytes, datagramLargestBytes } from './datagram-size.ts'

export type QuicOptions = {
  /** Address to bind: an IP literal, a wildcard (`0.0.0.0`, `::`) or a name of this machine. */
  readonly host: string
  /** UDP port, 0 for one chosen by the system. */
  readonly port: number
  /** Silence that ends a connection; the lower of both ends counts. Default 30,000. */
  readonly idleTimeoutMs?: number
  /** Interval of keepalive packets, 0 for none. Default a third of `idleTimeoutMs`. */
  readonly keepAliveMs?: number
  /** Handshake of an inbound connection. Default `limits.carrierHandshakeTimeoutMs`. */
  readonly handshakeTimeoutMs?: number
  /** Default `limits.carrierConnectionsMax`. */
  readonly connectionsMax?: number
  /** Default `limits.carrierHalfOpenMax`. */
  readonly halfOpenMax?: number
  /** Streams of each kind a peer may hold open. Default `limits.carrierStreamsMax`. */
  readonly streamsMax?: number
  /** Default `limits.carrierStreamWindowBytes`. */
  readonly streamWindowBytes?: number
  /** At least twice `streamWindowBytes`. Default `limits.carrierConnectionWindowBytes`. */
  readonly connectionWindowBytes?: number
  /**
   * Largest datagram tried on paths that leave the machine, 1200 to 16,383; what such a path really
   * carries is probed. Default `limits.carrierDatagramMaxBytes`, for Ethernet.
   */
  readonly datagramMaxBytes?: number
  /** Congestion control. Default `cubic`. */
  readonly congestionControl?: 'cubic' | 'reno' | 'bbr'
}

export type QuicSettings = { readonly [K in keyof QuicOptions]-?: NonNullable<QuicOptions[K]> }

/** Largest value of a timeout that Node's timers honour. */
const timerMaxMs = 2 ** 31 - 1
const windowMaxBytes = 1024 ** 3

/** Fills in the defaults. Throws a TypeError naming the field and the value. */
export function quicSettings(options: QuicOptions): QuicSettings {
  if (typeof options !== 'object' || options === null) refuse('options', 'an object', options)
  const { host } = options
  if (typeof host !== 'string' || host === '' || host.length > 255) {
    refuse('host', 'an IP address or a name', host)
  }
  const idleTimeoutMs = whole('idleTimeoutMs', options.idleTimeoutMs, 30_000, 10, timerMaxMs)
  const third = Math.max(Math.floor(idleTimeoutMs / 3), 1)
  const keepAliveMs = whole('keepAliveMs', options.keepAliveMs, third, 0, timerMaxMs)
  if (keepAliveMs >= idleTimeoutMs) {
    refuse('keepAliveMs', `less than idleTimeoutMs (${idleTimeoutMs})`, keepAliveMs)
  }
  const streamWindowBytes = whole(
    'streamWindowBytes',
    options.streamWindowBytes,
    limits.carrierStreamWindowBytes,
    4096,
    windowMaxBytes / 2,
  )
  return {
    host,
    port: whole('port', options.port, undefined, 0, 65_535),
    idleTimeoutMs,
    keepAliveMs,
    handshakeTimeoutMs: whole(
      'handshakeTimeoutMs',
      options.handshakeTimeoutMs,
      limits.carrierHandshakeTimeoutMs,
      1,
      timerMaxMs,
    ),
    connectionsMax: whole(
      'connectionsMax',
      options.connectionsMax,
      limits.carrierConnectionsMax,
      1,
      1_000_000,
    ),
    halfOpenMax: whole('halfOpenMax', options.halfOpenMax, limits.carrierHalfOpenMax, 1, 1_000_000),
    streamsMax: whole('streamsMax', options.streamsMax, limits.carrierStreamsMax, 1, 1_000_000),
    streamWindowBytes,
    connectionWindowBytes: whole(
      'connectionWindowBytes',
      options.connectionWindowBytes,
      Math.max(limits.carrierConnectionWindowBytes, 2 * streamWindowBytes),
      2 * streamWindowBytes,
      windowMaxBytes,
    ),
    datagramMaxBytes: whole(
      'datagramMaxBytes',
      options.datagramMaxBytes,
      limits.carrierDatagramMaxBytes,
      datagramBaseBytes,
      datagramLargestBytes,
    ),
    congestionControl: congestionControl(options.congestionControl),
  }
}

function congestionControl(value: unknown): 'cubic' | 'reno' | 'bbr' {
  if (value === undefined) return 'cubic'
  if (value === 'cubic' || value === 'reno' || value === 'bbr') return value
  refuse('congestionControl', `'cubic', 'reno' or 'bbr'`, value)
}

function whole(
  field: string,
  value: unknown,
  fallback: number | undefined,
  least: number,
  most: number,
): number {
  if (value === undefined && fallback !== undefined) return fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
    return value
  }
  refuse(field, `an integer from ${least} to ${most}`, value)
}

function refuse(field: string, expected: string, value: unknown): never {
  const got = typeof value === 'string' ? JSON.stringify(value) : String(value)
  throw new TypeError(`quicCarrier: ${field} must be ${expected}, got ${got}`)
}
