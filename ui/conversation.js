() => {
  // Escape stops the answer that is being told, unless it closes a dialog or a list. While one is
  // told, Enter asks nothing: the next question stays in its field.
  const stop = () => document.querySelector("#question .stop-button");
  document.addEventListener(
    "keydown",
    (event) => {
      const closes =
        document.querySelector("dialog:modal") ||
        event.target.closest?.("[role=listbox], [aria-expanded=true]");
      if (event.key === "Escape" && !closes) stop()?.click();
      if (event.key === "Enter" && !event.shiftKey && event.target.closest?.("#question") && stop()) {
        event.preventDefault();
        event.stopPropagation();
      }
    },
    { capture: true },
  );
  // An answer is chosen, to see its evidence, with Tab and Enter as with a click.
  const chat = document.querySelector("#chat");
  if (!chat) return;
  const reachable = () => {
    for (const answer of chat.querySelectorAll("[data-testid=bot].selectable:not([tabindex])")) {
      if (!answer.closest(".thought")) answer.tabIndex = 0;
    }
  };
  new MutationObserver(reachable).observe(chat, { childList: true, subtree: true });
  chat.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-testid=bot]")) event.target.click();
  });
  reachable();
}
