import { must } from './bytes.ts'
import type { Extent } from './vmdk.ts'

/** The kinds that are one file, and whether its grains are compressed. */
const kinds: Readonly<Record<string, boolean>> = { monolithicSparse: false, streamOptimized: true }

/**
 * The text inside a VMDK: it must say that there is one extent, in this very file, and no parent.
 *
 * @see qemu block/vmdk.c vmdk_parent_open, vmdk_read_cid
 */
export const inspectDescriptor = (area: string, { capacity, compressed }: Extent) => {
  // qemu looks through the whole area for these, not only through the text's lines.
  must(!/parentFileNameHint/i.test(area), 'it names a parent')
  const parents = area.match(/parentCID.{0,10}/gi) ?? []
  must(
    parents.every((parent) => /^parentCID=ffffffff *$/i.test(parent)),
    'it has a parent',
  )
  const [text = ''] = area.split('\0')
  const lines = text.split(/\r?\n/)
  const starting = (pattern: RegExp) => lines.filter((line) => pattern.test(line))
  // qemu reads who it is from behind the first three letters that look like it.
  const [first = ''] = /CID.{0,2}/.exec(area) ?? []
  must(
    /^CID=[0-9a-f]$/i.test(first) &&
      starting(/^CID=[0-9a-f]+ *$/i).length === 1 &&
      starting(/^parentCID=/).length === 1,
    'its descriptor does not say once who it is',
  )

  // Some versions of VMware's tools leave the quotes out.
  const said = starting(/createType/i)
  const [, , kind = ''] = /^createType=("?)([A-Za-z]+)\1 *$/.exec(said.join('\n')) ?? []
  must(kind !== '', 'its descriptor does not say once what it is')
  must(Object.hasOwn(kinds, kind), `VMDK of kind ${kind} is not taken`)
  must(kinds[kind] === compressed, 'its descriptor and its header differ in compression')

  const extents = starting(/^\s*(?:RW|RDONLY|NOACCESS)\b/i)
  must(extents.length === 1, `it has ${extents.length} extents, not one`)
  const [, sectors, name] = /^(?:RW|RDONLY) +(\d+) +SPARSE +"([^"]+)" *$/.exec(extents[0] ?? '') ?? []
  must(name !== undefined && !/[/\\]/.test(name), 'its extent is not a sparse one in this very file')
  must(Number(sectors) === capacity, 'its extent and its header differ in size')
}
