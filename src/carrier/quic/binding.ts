/**
 * The native quiche binding of `@matrixai/quic`, loaded when a carrier is opened and not before,
 * so that a program on a platform without it can still import everything. Only the native part is
 * used, never that package's own connection classes (they cost a hundred times the latency).
 */
import type { Quiche } from '@matrixai/quic/native/quiche.js'
import type { CarrierFailure } from '../carrier.ts'

export type { Quiche }
export type NativeConnection = ReturnType<Quiche['Connection']['connect']>
export type NativeConfig = ReturnType<Quiche['Config']['withBoringSslCtx']>

const supported = 'linux-x64, darwin-x64, darwin-arm64 and win32-x64'

/** Loads the binding. The failure `unsupported` names this platform and the supported ones. */
export async function loadBinding(): Promise<
  { readonly tag: 'ok'; readonly quiche: Quiche } | CarrierFailure
> {
  try {
    const module = await import('@matrixai/quic/native/quiche.js')
    return { tag: 'ok', quiche: module.default }
  } catch (error) {
    return unsupported(`${process.platform}-${process.arch}`, error)
  }
}

/** The failure for `platform`; `cause` is what the loader threw. */
export function unsupported(platform: string, cause: unknown): CarrierFailure {
  const why = cause instanceof Error ? cause.message : String(cause)
  const message = `no native QUIC for ${platform} (supported: ${supported}): ${why}`
  return { tag: 'error', reason: 'unsupported', message }
}
