/**
 * Builds the quiche configuration of an endpoint (quiche 0.18.0).
 *
 * Invariants: early data is never enabled, so nothing can be replayed; both sides present a
 * certificate and accept any, because trust is decided above by the Ed25519 handshake that signs
 * both certificate hashes; the connection window is at least twice the stream window, below which
 * quiche 0.18 kills connections at random with a flow control error.
 */
import { readTlsPair } from '../../identity/cert.ts'
import { limits } from '../../limits.ts'
import type { CarrierFailure, TlsMaterial } from '../carrier.ts'
import { isLoopback, plainHost } from './address.ts'
import type { NativeConfig, Quiche } from './binding.ts'
import { datagramBaseBytes, datagramLargestBytes } from './datagram-size.ts'
import type { QuicSettings } from './options.ts'

const alpn = 'skein/1'
const receiveDatagramBytes = 65_507
/** An IPv6 header is so much longer than an IPv4 one. */
const ipv6ExtraBytes = 20
/** QUIC DATAGRAMs hold nothing but reset tokens; the oldest unread one is dropped. */
const noticesMax = 4

export type Configs = { readonly loopback: NativeConfig; readonly wide: NativeConfig }

/** One configuration per kind of path. Fails with `tls` when the material is not a usable pair. */
export function buildConfigs(
  quiche: Quiche,
  tls: TlsMaterial,
  settings: QuicSettings,
): { readonly tag: 'ok'; readonly configs: Configs } | CarrierFailure {
  // quiche accepts a mismatched pair and fails at the first handshake: look at it now.
  const pair = readTlsPair(tls.certPem, tls.keyPem)
  if (pair.tag === 'error') {
    return tlsFailure(`the certificate and key of this node cannot be used: ${pair.reason}`)
  }
  if (Buffer.compare(pair.tls.certDer, tls.certDer) !== 0) {
    return tlsFailure('certDer is not the first certificate of certPem')
  }
  try {
    const loopback = build(quiche, tls, onLoopback(settings), datagramLargestBytes)
    const wide = build(quiche, tls, settings, settings.datagramMaxBytes)
    return { tag: 'ok', configs: { loopback, wide } }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return tlsFailure(`the certificate and key of this node were refused: ${why}`)
  }
}

function onLoopback(settings: QuicSettings): QuicSettings {
  const streamWindowBytes = Math.min(settings.streamWindowBytes, limits.carrierLoopbackWindowBytes)
  const widest = 2 * limits.carrierLoopbackWindowBytes
  const connectionWindowBytes = Math.min(settings.connectionWindowBytes, widest)
  return { ...settings, streamWindowBytes, connectionWindowBytes }
}

/** The largest datagram that the path to `host` may carry; whether it does must be tried. */
export function datagramMaxBytesTo(host: string, settings: QuicSettings): number {
  if (isLoopback(host)) return datagramLargestBytes
  const extra = plainHost(host).includes(':') ? ipv6ExtraBytes : 0
  return Math.max(settings.datagramMaxBytes - extra, datagramBaseBytes)
}

function build(
  quiche: Quiche,
  tls: TlsMaterial,
  settings: QuicSettings,
  datagramBytes: number,
): NativeConfig {
  const key = Buffer.from(tls.keyPem)
  const cert = Buffer.from(tls.certPem)
  const config = quiche.Config.withBoringSslCtx(true, true, null, [key], [cert], null)
  config.setApplicationProtos([alpn])
  config.setMaxIdleTimeout(settings.idleTimeoutMs)
  config.setMaxRecvUdpPayloadSize(receiveDatagramBytes)
  config.setMaxSendUdpPayloadSize(datagramBytes)
  config.setMaxStreamWindow(settings.streamWindowBytes)
  config.setInitialMaxStreamDataBidiLocal(settings.streamWindowBytes)
  config.setInitialMaxStreamDataBidiRemote(settings.streamWindowBytes)
  config.setInitialMaxStreamDataUni(settings.streamWindowBytes)
  config.setMaxConnectionWindow(settings.connectionWindowBytes)
  config.setInitialMaxData(settings.connectionWindowBytes)
  config.setInitialMaxStreamsBidi(settings.streamsMax)
  config.setInitialMaxStreamsUni(settings.streamsMax)
  config.setActiveConnectionIdLimit(limits.carrierConnectionIdsMax)
  config.enableDgram(true, noticesMax, noticesMax)
  config.setDisableActiveMigration(false)
  config.setCcAlgorithmName(settings.congestionControl)
  // The send time of a packet cannot be read through the binding, so pacing cannot be honoured.
  config.enablePacing(false)
  return config
}

function tlsFailure(message: string): CarrierFailure {
  return { tag: 'error', reason: 'tls', message }
}
