import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'

/**
 * X.509 certificates, which node:crypto reads and does not make: a private authority, and pairs it signs. Only what
 * these need of RFC 5280 is here. Keys are P-256, signatures ECDSA with SHA-256.
 *
 * @see RFC 5280 4.1 (certificate), 4.2.1 (extensions); RFC 5480 (the key), RFC 5758 3.2 (the signature)
 */
export interface Pair {
  /** PEM. */
  readonly cert: string
  /** PEM, PKCS 8. */
  readonly key: string
}

export interface Validity {
  readonly from: Date
  readonly until: Date
}

export interface Wanted extends Validity {
  /** Host names and addresses. The first is the subject's name too. */
  readonly names: readonly [string, ...string[]]
  readonly purpose: 'server' | 'client'
}

/** A new authority: its key signs pairs, and no further authority. */
export const newAuthority = (name: string, validity: Validity): Pair => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = distinguishedName(name)
  const extensions = [
    // An authority, and none below it.
    extension('551d13', sequence(boolean, integer(Buffer.from([0]))), true),
    // keyCertSign, cRLSign
    extension('551d0f', tagged(0x03, Buffer.from([0x01, 0x06])), true),
  ]
  const signer = { name: subject, privateKey, publicKey }
  return {
    cert: certificate(signer, { subject, publicKey, ...validity, extensions }),
    key: pemOf(privateKey),
  }
}

/**
 * A new key, and its certificate by this authority.
 *
 * @throws Error the authority was not made by `newAuthority`, or its key is another's
 */
export const newPair = (authority: Pair, wanted: Wanted): Pair => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { names, purpose, from, until } = wanted
  const extensions = [
    extension('551d13', sequence(), true),
    // digitalSignature
    extension('551d0f', tagged(0x03, Buffer.from([0x07, 0x80])), true),
    // serverAuth or clientAuth: one cannot stand for the other
    extension('551d25', sequence(oid(purpose === 'server' ? '2b06010505070301' : '2b06010505070302'))),
    extension('551d11', sequence(...names.map(alternative))),
  ]
  const subject = distinguishedName(names[0])
  const cert = certificate(signerOf(authority), { subject, publicKey, from, until, extensions })
  return { cert, key: pemOf(privateKey) }
}

interface Signer {
  readonly name: Buffer
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const signerOf = ({ cert, key }: Pair): Signer => {
  const authority = new X509Certificate(cert)
  const privateKey = createPrivateKey(key)
  const name = distinguishedName(/^CN=(.+)$/.exec(authority.subject)?.[1] ?? '')
  if (!authority.ca || !authority.raw.includes(name))
    throw new Error('the authority was made by another program')
  if (!authority.checkPrivateKey(privateKey)) throw new Error('the key is not that of the certificate')
  return { name, privateKey, publicKey: authority.publicKey }
}

interface Content extends Validity {
  readonly subject: Buffer
  readonly publicKey: KeyObject
  readonly extensions: readonly Buffer[]
}

const certificate = (signer: Signer, content: Content): string => {
  const { subject, publicKey, from, until, extensions } = content
  const serial = randomBytes(16)
  // Positive, and of full length.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    ecdsaWithSha256,
    signer.name,
    sequence(time(from), time(until)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(
      0xa3,
      sequence(
        ...extensions,
        extension('551d0e', tagged(0x04, keyId(publicKey))),
        extension('551d23', sequence(tagged(0x80, keyId(signer.publicKey)))),
      ),
    ),
  )
  const signature = tagged(0x03, Buffer.from([0]), sign('sha256', body, signer.privateKey))
  const text = sequence(body, ecdsaWithSha256, signature).toString('base64').replace(/.{64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${text.trimEnd()}\n-----END CERTIFICATE-----\n`
}

const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()

/** One DER element: a tag, a length, and what is in it. */
const tagged = (tag: number, ...contents: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(contents)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
const sequence = (...contents: readonly Buffer[]) => tagged(0x30, ...contents)
const integer = (bytes: Buffer) => tagged(0x02, bytes)
const oid = (hex: string) => tagged(0x06, Buffer.from(hex, 'hex'))
const boolean = tagged(0x01, Buffer.from([0xff]))
const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))

const extension = (id: string, value: Buffer, critical = false) =>
  sequence(oid(id), ...(critical ? [boolean] : []), tagged(0x04, value))

/** A common name has 64 characters at most; what is compared is the alternative names. */
const distinguishedName = (commonName: string) =>
  sequence(tagged(0x31, sequence(oid('550403'), tagged(0x0c, Buffer.from(commonName.slice(0, 64))))))

/** Years from 2050 on are written with four digits. */
const time = (at: Date) => {
  const digits = `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
  return at.getUTCFullYear() < 2050
    ? tagged(0x17, Buffer.from(digits.slice(2)))
    : tagged(0x18, Buffer.from(digits))
}

const keyId = (key: KeyObject) =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()

const alternative = (name: string) => {
  if (isIPv4(name)) return tagged(0x87, Buffer.from(name.split('.').map(Number)))
  if (isIPv6(name)) return tagged(0x87, ipv6(name))
  return tagged(0x82, Buffer.from(name, 'latin1'))
}

const ipv6 = (address: string) => {
  // A URL writes an address in its one short form, without a dotted end.
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = short.split('::')
  const groups = (part: string) => part.split(':').filter(Boolean)
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return Buffer.from(
    [...before, ...zeros, ...after].flatMap((group) => {
      const value = Number.parseInt(group, 16)
      return [value >> 8, value & 0xff]
    }),
  )
}
