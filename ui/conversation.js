() => {
  // Escape stops the answer that is being told.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelector("#question .stop-button")?.click();
  });
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
