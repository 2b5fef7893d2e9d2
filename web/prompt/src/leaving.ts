// Somebody has pressed what leads away. A page that is read again at that moment overtakes it, and the browser drops the
// press; so reading again waits until the press has had its time. It may also have led elsewhere, such as a new tab.
const LEAVING_MS = 5_000;

let pressed = Number.NEGATIVE_INFINITY;

export function leave(): void {
  pressed = performance.now();
}

export function readAgain(): void {
  const rest = pressed + LEAVING_MS - performance.now();
  if (rest > 0) window.setTimeout(readAgain, rest);
  else window.location.reload();
}

export function noticeLinks(): void {
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("a[href]")) leave();
  });
}
