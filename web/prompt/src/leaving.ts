// Somebody has pressed what leads away. A page that is read again now would overtake that: the browser drops the press.
let leaving = false;

export function leave(): void {
  leaving = true;
}

export function readAgain(): void {
  if (!leaving) window.location.reload();
}

export function noticeLinks(): void {
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("a[href]")) leave();
  });
  // Back, out of the browser's memory.
  window.addEventListener("pageshow", () => (leaving = false));
}
