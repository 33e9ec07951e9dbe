import * as z from 'zod'

/** Text that a person gives. */
export const Name = z.string().max(255, 'is too long').nullable()
export const Description = z.string().max(255, 'is too long').nullable()

const yes = ['1', 't', 'true', 'on', 'y', 'yes']
const no = ['0', 'f', 'false', 'off', 'n', 'no']

/** Yes or no, also in the words that OpenStack's services take for it. @see oslo_utils/strutils.py bool_from_string */
export const Bool = z
  .union([z.boolean(), z.string(), z.int()], 'is not a boolean')
  .transform((value, context) => {
    const text = String(value).toLowerCase()
    if (yes.includes(text)) return true
    if (no.includes(text)) return false
    context.addIssue({ code: 'custom', message: `${value} is not a boolean` })
    return z.NEVER
  })

/** GiB, as a number or in digits. */
export const Size = z
  .union(
    [
      z.int(),
      z
        .string()
        .regex(/^[0-9]+$/)
        .transform(Number),
    ],
    'is not an integer',
  )
  .refine((size) => size >= 1, 'is less than the minimum of 1')
  .refine((size) => size <= 2 ** 31 - 1, `is greater than the maximum of ${2 ** 31 - 1}`)

export const Metadata = z.record(
  z.string().min(1, 'has an empty key').max(255, 'has a key that is too long'),
  z.string('is not text').max(255, 'is too long'),
)

export const Uuid = z.uuid('is not a uuid')

/** The name of an extra spec. */
export const SpecName = z
  .string()
  .min(1, 'is empty')
  .max(255, 'is too long')
  .regex(/^[A-Za-z0-9_.\-: ]+$/, 'has characters that no extra spec has')

/** What volumes and snapshots are called: older clients say `display_name`. */
export const texts = {
  name: Name.optional(),
  description: Description.optional(),
  display_name: Name.optional(),
  display_description: Description.optional(),
}

const trimmed = (text: string | null | undefined): string | null => text?.trim() ?? null

interface Texts {
  readonly name?: string | null | undefined
  readonly description?: string | null | undefined
  readonly display_name?: string | null | undefined
  readonly display_description?: string | null | undefined
}

/** Of a new volume or snapshot. */
export const textsOf = (given: Texts) => ({
  name: trimmed(given.name ?? given.display_name),
  description: trimmed(given.description ?? given.display_description),
})

/** Of one that is changed: what is not said stays as it is. */
export const newTexts = ({ name, description, display_name, display_description }: Texts) => {
  const named = name !== undefined ? name : display_name
  const described = description !== undefined ? description : display_description
  return {
    ...(named !== undefined && { name: trimmed(named) }),
    ...(described !== undefined && { description: trimmed(described) }),
  }
}
