/**
 * Writes container images as archives in the OCI image layout (image-spec 1.1): one file with an image for each processor, and an index of them.
 * The same content gives the same bytes: names are sorted, and all times are fixed.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { runTool } from '../run-tool.ts';

const MEDIA_TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

export interface Layer {
  /** Its content, which belongs to root. */
  folder: string;
  /** Paths in it with another owner or mode, which are folders. */
  special?: readonly { path: string; owner: number; mode: string }[];
  /** For the history of the image. */
  comment: string;
}

export interface Image {
  /** As Debian and OCI name it. */
  architecture: string;
  layers: readonly Layer[];
  /** The `config` of the image's configuration. */
  config: object;
}

export interface OciOptions {
  /** Name and tag under which an engine loads it. */
  name: string;
  annotations: Readonly<Record<string, string>>;
  epoch: number;
  /** `fast` is for tests. */
  compression: 'small' | 'fast';
}

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

/** @returns the digest of the index of the image's processors */
export function writeOciArchive(file: string, images: readonly Image[], options: OciOptions): string {
  const { name, annotations, epoch } = options;
  const layout = `${file}.layout`;
  rmSync(layout, { recursive: true, force: true });
  const blobs = join(layout, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const addBlob = (mediaType: string, content: Buffer): Descriptor => {
    const hash = sha256(content);
    writeFileSync(join(blobs, hash), content);
    return { mediaType, digest: `sha256:${hash}`, size: content.length };
  };
  const addJson = (mediaType: string, content: object) => addBlob(mediaType, Buffer.from(JSON.stringify(content)));

  const manifests = images.map(({ architecture, layers, config }) => {
    const tars = layers.map((layer) => layerTar(layer, epoch));
    const created = new Date(epoch * 1000).toISOString();
    const platform = { architecture, os: 'linux', ...(architecture === 'arm64' && { variant: 'v8' }) };
    const configuration = addJson(MEDIA_TYPES.config, {
      created,
      ...platform,
      config,
      rootfs: { type: 'layers', diff_ids: tars.map((tar) => `sha256:${sha256(tar)}`) },
      history: layers.map(({ comment }) => ({ created, created_by: comment })),
    });
    const level = options.compression === 'small' ? 6 : 1;
    const manifest = addJson(MEDIA_TYPES.manifest, {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      config: configuration,
      layers: tars.map((tar) => addBlob(MEDIA_TYPES.layer, gzipSync(tar, { level }))),
      annotations,
    });
    return { ...manifest, platform };
  });
  const index = addJson(MEDIA_TYPES.index, { schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests, annotations });
  // podman reads the first name, Docker and containerd the second.
  const names = { 'org.opencontainers.image.ref.name': name, 'io.containerd.image.name': `docker.io/library/${name}` };
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests: [{ ...index, annotations: names }] }),
  );
  runTool('tar', [...tarOptions(epoch), '--mode=u=rwX,go=rX', '-cf', file, '-C', layout, 'oci-layout', 'index.json', 'blobs']);
  rmSync(layout, { recursive: true });
  return index.digest;
}

function layerTar({ folder, special = [] }: Layer, epoch: number): Buffer {
  const file = `${folder}.tar`;
  const paths = special.map(({ path }) => path);
  const exclude = paths.map((path) => `--exclude=./${path}`);
  runTool('tar', [
    ...tarOptions(epoch),
    '--anchored',
    ...exclude,
    '-cf',
    file,
    '-C',
    folder,
    ...readdirSync(folder)
      .sort()
      .map((name) => `./${name}`),
  ]);
  for (const { path, owner, mode } of special) {
    const owned = [`--owner=${owner}`, `--group=${owner}`, `--mode=${mode}`, '--no-recursion'];
    runTool('tar', [...tarOptions(epoch), ...owned, '-rf', file, '-C', folder, `./${path}`]);
  }
  const content = readFileSync(file);
  rmSync(file);
  return content;
}

function tarOptions(epoch: number): string[] {
  return ['--sort=name', '--format=gnu', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${epoch}`];
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
