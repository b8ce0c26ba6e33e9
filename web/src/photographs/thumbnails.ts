// Small pictures of the photographs in a folder, each with a button that removes it.

import { make } from '../widget/dom'

export interface Thumbnails {
  element: HTMLElement
  show(photographs: readonly { path: string; url: string }[]): void
}

export function makeThumbnails(remove: (path: string) => void): Thumbnails {
  const element = make('div', { class: 'pictures', role: 'list', 'aria-label': 'Photographs in the folder' })
  const makeOne = (path: string, url: string): HTMLElement =>
    make(
      'figure',
      { role: 'listitem', title: path },
      make('img', { src: url, alt: path, loading: 'lazy', draggable: 'false' }),
      make('button', { type: 'button', title: `Remove ${path}`, 'aria-label': `Remove ${path}`, click: () => remove(path) }, '×')
    )
  return { element, show: (photographs) => element.replaceChildren(...photographs.map(({ path, url }) => makeOne(path, url))) }
}
