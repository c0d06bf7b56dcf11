// Shows the results of `search` for the query in the address.
addEventListener('DOMContentLoaded', () => {
  const query = new URLSearchParams(location.search).get('q') ?? '';
  document.querySelector('input[name=q]').value = query;
  if (query === '') return;
  const matches = searchSections(sections, query);
  document.getElementById('found').textContent = `${matches.length === 0 ? 'Nothing' : matches.length} found for “${query}”.`;
  for (const { page, title, anchor, heading, excerpt } of matches) {
    const item = document.createElement('li');
    const link = document.createElement('a');
    link.href = `${page === '' ? 'index' : page}.html${anchor === '' ? '' : `#${anchor}`}`;
    link.textContent = heading === '' ? title : `${title} › ${heading}`;
    const text = document.createElement('p');
    text.className = 'quiet';
    text.textContent = excerpt;
    item.append(link, text);
    document.getElementById('matches').append(item);
  }
});
