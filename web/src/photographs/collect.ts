// Files that were chosen or dropped, with their paths inside one folder.

export interface Chosen {
  path: string // with / between its parts
  file: File
}
export interface Choice {
  folder: string | null // the name of the folder that was chosen
  files: Chosen[]
}

/** Files of an <input type="file">; with webkitdirectory their paths begin with the name of the chosen folder. */
export function collectChosen(files: ArrayLike<File>): Choice {
  const listed = Array.from(files)
  const folder = listed[0]?.webkitRelativePath.split('/')[0] || null
  return { folder, files: listed.map((file) => ({ path: file.webkitRelativePath.split('/').slice(1).join('/') || file.name, file })) }
}

/** Files and folders of a drop. A single folder gives its name; of several things each folder stays a folder. */
export function collectDropped(transfer: DataTransfer): Promise<Choice> {
  // The browser forgets what was dropped at the end of the event: entries and files are taken before anything is awaited.
  const dropped = Array.from(transfer.items)
    .filter((item) => item.kind === 'file')
    .map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }))
  return walkDropped(dropped)
}

async function walkDropped(dropped: { entry: FileSystemEntry | null; file: File | null }[]): Promise<Choice> {
  const [first] = dropped
  if (dropped.length === 1 && isDirectory(first.entry)) return { folder: first.entry.name, files: await walk(first.entry, '') }
  const files: Chosen[] = []
  for (const { entry, file } of dropped) {
    if (isDirectory(entry)) files.push(...(await walk(entry, `${entry.name}/`)))
    else if (file) files.push({ path: file.name, file })
  }
  return { folder: null, files }
}

async function walk(folder: FileSystemDirectoryEntry, path: string): Promise<Chosen[]> {
  const files: Chosen[] = []
  for (const entry of await readAll(folder.createReader())) {
    if (isDirectory(entry)) files.push(...(await walk(entry, `${path}${entry.name}/`)))
    else files.push({ path: path + entry.name, file: await new Promise<File>((take, fail) => (entry as FileSystemFileEntry).file(take, fail)) })
  }
  return files
}

/** All entries of a folder; the browser gives them by hundreds. */
async function readAll(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const found: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((take, fail) => reader.readEntries(take, fail))
    if (!some.length) return found
    found.push(...some)
  }
}

const isDirectory = (entry: FileSystemEntry | null): entry is FileSystemDirectoryEntry => entry !== null && entry.isDirectory

export const sizeOf = (files: readonly Chosen[]): number => files.reduce((sum, { file }) => sum + file.size, 0)

export const inMegabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 2 : 0)} MB`
