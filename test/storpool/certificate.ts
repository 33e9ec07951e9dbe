import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'

/** One DER element: a tag, a length, and what is in it. */
const der = (tag: number, ...contents: Buffer[]): Buffer => {
  const content = Buffer.concat(contents)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...contents: Buffer[]) => der(0x30, ...contents)
const integer = (...bytes: number[]) => der(0x02, Buffer.from(bytes))
const utcTime = (at: Date) =>
  der(0x17, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))
const ECDSA_WITH_SHA256 = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
const COMMON_NAME = der(0x06, Buffer.from('550403', 'hex'))
const SUBJECT_ALT_NAME = der(0x06, Buffer.from('551d11', 'hex'))

const pem = (body: Buffer) =>
  `-----BEGIN CERTIFICATE-----\n${body.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`

/** A key and a certificate it signed itself, good for two days: nothing to keep in a repository or to run out. */
export const selfSigned = (names: { dns?: string[]; ips?: string[] }) => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // Each its own: of two authorities of one name, only the first is looked at.
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(randomUUID())))))
  const day = 86_400_000
  const alternatives = [
    ...(names.dns ?? []).map((dns) => der(0x82, Buffer.from(dns))),
    ...(names.ips ?? []).map((ip) => der(0x87, Buffer.from(ip.split('.').map(Number)))),
  ]
  const certificate = sequence(
    der(0xa0, integer(2)),
    integer(Math.floor(Math.random() * 127) + 1),
    ECDSA_WITH_SHA256,
    name,
    sequence(utcTime(new Date(Date.now() - day)), utcTime(new Date(Date.now() + day))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(SUBJECT_ALT_NAME, der(0x04, sequence(...alternatives))))),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', certificate, privateKey))
  return {
    cert: pem(sequence(certificate, ECDSA_WITH_SHA256, signature)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
