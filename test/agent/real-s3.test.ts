import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as sdk from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { keys, region, type S3, startS3 } from '../support/s3.ts'

/**
 * What the tests of uploads and backups stand on: the server they use does what S3 does, as Amazon's own client sees it.
 */

const MiB = 1024 ** 2
const Bucket = 'images'

const aFolder = async () => {
  const path = await mkdtemp(join(tmpdir(), 'cinderless s3 '))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

const clientOf = ({ url }: S3, credentials = keys) =>
  new sdk.S3Client({ endpoint: url, region, forcePathStyle: true, credentials, maxAttempts: 1 })

const bytesOf = async ({ Body }: sdk.GetObjectCommandOutput) =>
  Buffer.from(await Body!.transformToByteArray())
const refused = (name: string, status: number) => ({ name, $metadata: { httpStatusCode: status } })

test('requests that are not signed, or by another, are refused', async () => {
  await using folder = await aFolder()
  await using s3 = await startS3({ folder: folder.path, buckets: [Bucket] })
  const list = new sdk.ListObjectsV2Command({ Bucket })

  expect((await fetch(`${s3.url}/${Bucket}/a`)).status).toBe(403)
  await expect(clientOf(s3, { ...keys, secretAccessKey: 'other' }).send(list)).rejects.toMatchObject(
    refused('SignatureDoesNotMatch', 403),
  )
  await expect(clientOf(s3, { ...keys, accessKeyId: 'OTHER' }).send(list)).rejects.toMatchObject(
    refused('InvalidAccessKeyId', 403),
  )
  expect(await clientOf(s3).send(list)).toMatchObject({ KeyCount: 0 })
})

test('a part of an object is answered as long as the object is the same', async () => {
  await using folder = await aFolder()
  await using s3 = await startS3({ folder: folder.path, buckets: [Bucket] })
  const client = clientOf(s3)
  const Body = randomBytes(300_000)
  const { ETag } = await client.send(new sdk.PutObjectCommand({ Bucket, Key: 'a b/ü', Body }))
  const part = { Bucket, Key: 'a b/ü', Range: 'bytes=299000-' }

  const got = await client.send(new sdk.GetObjectCommand({ ...part, IfMatch: ETag }))
  expect(got).toMatchObject({ ContentRange: 'bytes 299000-299999/300000', ETag })
  expect(await bytesOf(got)).toEqual(Body.subarray(299_000))
  await expect(client.send(new sdk.GetObjectCommand({ ...part, IfMatch: '"0"' }))).rejects.toMatchObject(
    refused('PreconditionFailed', 412),
  )
  await expect(client.send(new sdk.GetObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject(
    refused('NoSuchKey', 404),
  )
})

test('an upload in parts goes on over a restart, and is an object only when it is whole', async () => {
  await using folder = await aFolder()
  const content = randomBytes(16 * MiB + 5 * MiB + 1)
  const of = { Bucket, Key: 'whole' }
  let upload: { UploadId: string | undefined; ETag: string | undefined }
  {
    await using s3 = await startS3({ folder: folder.path, buckets: [Bucket] })
    const client = clientOf(s3)
    const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(of))
    const Body = content.subarray(0, 16 * MiB)
    const { ETag } = await client.send(new sdk.UploadPartCommand({ ...of, UploadId, PartNumber: 1, Body }))
    upload = { UploadId, ETag }
    await expect(client.send(new sdk.HeadObjectCommand(of))).rejects.toMatchObject(refused('NotFound', 404))
  }

  await using s3 = await startS3({ folder: folder.path })
  const client = clientOf(s3)
  const { UploadId, ETag } = upload
  expect(await client.send(new sdk.ListPartsCommand({ ...of, UploadId }))).toMatchObject({
    Parts: [{ PartNumber: 1, ETag, Size: 16 * MiB }],
  })
  expect(await client.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: 'who' }))).toMatchObject({
    Uploads: [{ Key: 'whole', UploadId }],
  })
  const last = await client.send(
    new sdk.UploadPartCommand({ ...of, UploadId, PartNumber: 2, Body: content.subarray(16 * MiB) }),
  )
  const complete = (etag: string | undefined) =>
    client.send(
      new sdk.CompleteMultipartUploadCommand({
        ...of,
        UploadId,
        MultipartUpload: {
          Parts: [
            { PartNumber: 1, ETag },
            { PartNumber: 2, ETag: etag },
          ],
        },
      }),
    )
  await expect(complete('"0"')).rejects.toMatchObject(refused('InvalidPart', 400))
  await complete(last.ETag)

  const whole = await bytesOf(await client.send(new sdk.GetObjectCommand(of)))
  expect(createHash('sha256').update(whole).digest('hex')).toBe(
    createHash('sha256').update(content).digest('hex'),
  )
})

test('nothing is left of an upload that was broken off', async () => {
  await using folder = await aFolder()
  await using s3 = await startS3({ folder: folder.path, buckets: [Bucket] })
  const client = clientOf(s3)
  const of = { Bucket, Key: 'broken' }
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(of))
  await client.send(new sdk.UploadPartCommand({ ...of, UploadId, PartNumber: 1, Body: 'a' }))

  await client.send(new sdk.AbortMultipartUploadCommand({ ...of, UploadId }))

  expect(await client.send(new sdk.ListMultipartUploadsCommand({ Bucket }))).not.toHaveProperty('Uploads')
  await expect(client.send(new sdk.ListPartsCommand({ ...of, UploadId }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 404 },
  })
})
