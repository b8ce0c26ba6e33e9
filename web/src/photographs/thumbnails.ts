// Small pictures of the photographs in a folder, each with a button that deletes it, and how many are out of sight.

import { make } from '../widget/dom'

export interface Thumbnails {
  element: HTMLElement
  /** `total`: how many photographs there are, if not all of them come. */
  show(photographs: readonly { path: string; url: string }[], total: number): void
}

export function makeThumbnails(remove: (path: string) => void): Thumbnails {
  const grid = make('div', { class: 'pictures', role: 'list', 'aria-label': 'Photographs in the folder' })
  const hidden = make('div', { class: 'hidden' })
  const element = make('div', { class: 'photographs' }, grid, hidden)
  let missing = 0
  const makeOne = (path: string, url: string): HTMLElement => {
    const title = `Delete ${path} from the server's disk; you are asked first`
    return make(
      'figure',
      { role: 'listitem', title: path },
      make('img', { src: url, alt: path, loading: 'lazy', draggable: 'false' }),
      make('button', { type: 'button', title, 'aria-label': title, click: () => remove(path) }, 'delete')
    )
  }
  const count = (): void => {
    const end = grid.scrollTop + grid.clientHeight
    const below = Array.from(grid.children as HTMLCollectionOf<HTMLElement>).filter((each) => each.offsetTop + each.offsetHeight / 2 > end).length
    const words = [below ? `${below} more below: scroll, or make the node higher` : '', missing ? `${missing} more have no small picture` : '']
    hidden.textContent = words.filter(Boolean).join('; ')
  }
  new ResizeObserver(count).observe(grid)
  grid.addEventListener('scroll', count)
  return {
    element,
    show(photographs, total) {
      missing = total - photographs.length
      grid.replaceChildren(...photographs.map(({ path, url }) => makeOne(path, url)))
      count()
    }
  }
}
