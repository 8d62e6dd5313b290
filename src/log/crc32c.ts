/**
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4): what iSCSI, ext4 and LevelDB guard records with. It
 * finds every burst of up to 32 bits, which is what a torn or flipped sector is made of.
 */

const table = tableOf(0x82f63b78)

/** As an unsigned number of 32 bits. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!
  return (crc ^ 0xffffffff) >>> 0
}

/** The CRC of each byte, for the reflected polynomial. */
function tableOf(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    return crc
  })
}
