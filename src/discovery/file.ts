/**
 * Discovery through a directory that nodes share: each leaves a file with its endpoint there when
 * it starts and takes it away when it stops (the cluster spec, 3.7). A node that crashed leaves its
 * file behind, which costs whoever believes it one dial.
 *
 * Files are written whole or not at all. A link in place of one is followed when it is read and
 * replaced when it is written.
 */
import type { Storage } from '../../runtime/platform/platform.ts'
import { limits } from '../limits.ts'
import type { BackendEnv, DiscoveryBackend } from './backend.ts'
import { decodeEndpoint, encodeEndpoint, endpointFileName, nodeOfFile } from './endpoint-file.ts'

const directoryMode = 0o755
const fileMode = 0o644

export function fileBackend(
  directory: string,
  storage: Storage,
  log: BackendEnv['log'],
): DiscoveryBackend {
  const pathOf = (node: string): string => `${directory}/${endpointFileName(node)}`
  const skip = (path: string, detail: string): void =>
    log('warning', 'endpoint file skipped', { file: path, detail })
  let written: Uint8Array | undefined
  return {
    name: 'file',

    async lookup(node) {
      const path = pathOf(node)
      const file = await storage.read(path, limits.endpointFileMaxBytes)
      if (file.tag === 'error') {
        if (file.reason !== 'notFound') skip(path, file.message)
        return undefined
      }
      const address = decodeEndpoint(file.bytes)
      if (address === undefined) skip(path, 'it holds no {"host": ..., "port": ...}')
      return address
    },

    async listNodes() {
      const listed = await storage.list(directory, limits.discoveryNamesMax)
      if (listed.tag === 'error') {
        if (listed.reason === 'notFound') return []
        throw new Error(listed.message)
      }
      return listed.names.map(nodeOfFile).filter((node) => node !== undefined)
    },

    async register(node, address) {
      const made = await storage.makeDirectory(directory, directoryMode)
      if (made.tag === 'error') throw new Error(`cannot use ${directory}: ${made.message}`)
      const bytes = encodeEndpoint(address)
      const result = await storage.write(pathOf(node), bytes, fileMode)
      if (result.tag === 'error') throw new Error(result.message)
      written = bytes
    },

    async unregister(node) {
      // Another node may have taken the name meanwhile: its file is not ours to remove.
      const file = await storage.read(pathOf(node), limits.endpointFileMaxBytes)
      if (file.tag === 'error' || written === undefined) return
      if (Buffer.compare(file.bytes, written) !== 0) return
      const removed = await storage.remove(pathOf(node))
      if (removed.tag === 'error' && removed.reason !== 'notFound') throw new Error(removed.message)
    },
  }
}
