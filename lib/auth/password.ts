import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import * as z from 'zod'

/** 32 MB and some 80 ms for each look at a password. */
const COST = { ln: 15, r: 8, p: 1 } as const
const KEY_BYTES = 32

/** Twice the memory that these costs ask for: Node refuses what takes more than it is told. */
const optionsOf = ({ ln, r, p }: { ln: number; r: number; p: number }): ScryptOptions => ({
  ...{ N: 2 ** ln, r, p },
  maxmem: 256 * 2 ** ln * r,
})

const derived = (password: string, salt: Buffer, length: number, options: ScryptOptions): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, length, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })

const form = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/

/** A password as it is written down: `$scrypt$ln=15,r=8,p=1$<salt>$<key>`, both in base64. */
export const PasswordHash = z.string().transform((text, context) => {
  const [, ln, r, p, salt = '', key = ''] = form.exec(text) ?? []
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) }
  const hash = { cost, salt: Buffer.from(salt, 'base64'), key: Buffer.from(key, 'base64') }
  const affordable =
    cost.ln >= 14 && cost.ln <= 18 && cost.r >= 1 && cost.r <= 16 && cost.p >= 1 && cost.p <= 4
  if (affordable && hash.salt.length >= 16 && hash.key.length >= KEY_BYTES && hash.key.length <= 64)
    return hash
  context.addIssue({ code: 'custom', message: 'must be a line that npm run password prints' })
  return z.NEVER
})
export type PasswordHash = z.output<typeof PasswordHash>

/** What may be written down in a password's stead. */
export const hashPassword = async (password: string): Promise<string> => {
  const salt = randomBytes(16)
  const key = await derived(password, salt, KEY_BYTES, optionsOf(COST))
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${text(salt)}$${text(key)}`
}

export const isPassword = async (password: string, { cost, salt, key }: PasswordHash): Promise<boolean> =>
  timingSafeEqual(await derived(password, salt, key.length, optionsOf(cost)), key)

/** No password's: looked at where there is no such user, so that this takes as long. */
export const nobodys: PasswordHash = { cost: COST, salt: randomBytes(16), key: randomBytes(KEY_BYTES) }
