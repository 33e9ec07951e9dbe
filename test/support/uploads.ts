import type { BuildAppOptions } from 'fauxqs'

type S3Store = NonNullable<BuildAppOptions['stores']>['s3Store']
interface Upload {
  readonly uploadId: string
  readonly bucket: string
  readonly key: string
  readonly initiated: Date
  readonly parts: Map<
    number,
    { readonly etag: string; readonly body: Buffer; readonly checksumValue?: string }
  >
}

/** The multipart uploads that have begun and not ended. */
export const uploadsOf = (store: S3Store): Upload[] => [...(store as any).multipartUploads.values()]

/** What fauxqs does not answer: ListParts and ListMultipartUploads; undefined for anything else. */
export const listed = (store: S3Store, method: string, address: string): string | undefined => {
  if (method !== 'GET') return undefined
  const { pathname, searchParams } = new URL(address, 'http://s3')
  const [, bucket, ...key] = decodeURIComponent(pathname).split('/')
  if (searchParams.has('uploads')) {
    const found = uploadsOf(store).filter(
      (one) => one.bucket === bucket && one.key.startsWith(searchParams.get('prefix') ?? ''),
    )
    return `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${found
      .map(
        ({ key, uploadId, initiated }) =>
          `<Upload><Key>${key}</Key><UploadId>${uploadId}</UploadId><Initiated>${initiated.toISOString()}</Initiated></Upload>`,
      )
      .join('')}</ListMultipartUploadsResult>`
  }
  const id = searchParams.get('uploadId')
  const upload = uploadsOf(store).find(
    (one) => one.uploadId === id && one.bucket === bucket && one.key === key.join('/'),
  )
  if (upload === undefined) return undefined
  const parts = [...upload.parts].sort(([one], [other]) => one - other)
  return `<ListPartsResult><IsTruncated>false</IsTruncated>${parts
    .map(
      ([number, { etag, body, checksumValue }]) =>
        `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag><Size>${body.length}</Size>${
          checksumValue ? `<ChecksumCRC32>${checksumValue}</ChecksumCRC32>` : ''
        }</Part>`,
    )
    .join('')}</ListPartsResult>`
}
