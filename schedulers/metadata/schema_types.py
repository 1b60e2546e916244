"""The schema.org types that say what a page is about. Used for JSON-LD, microdata and RDFa alike."""

ARTICLE_TYPES = frozenset(
    """
    Article AdvertiserContentArticle NewsArticle AnalysisNewsArticle AskPublicNewsArticle BackgroundNewsArticle
    OpinionNewsArticle ReportageNewsArticle ReviewNewsArticle Report SatiricalArticle ScholarlyArticle
    MedicalScholarlyArticle SocialMediaPosting BlogPosting LiveBlogPosting DiscussionForumPosting TechArticle
    APIReference
    """.split()  # noqa: SIM905  a list would be a word a line
)
# Other things that a page can be about, so that their name is the page's.
SUBJECT_TYPES = frozenset(
    """
    Product ProductGroup Recipe VideoObject Movie TVSeries TVEpisode Book Event MusicEvent Course JobPosting
    PodcastEpisode PodcastSeries RadioEpisode SoftwareApplication MobileApplication WebApplication MusicRecording
    MusicAlbum Review ClaimReview HowTo QAPage Dataset ImageObject AudioObject Episode Game VideoGame
    """.split()  # noqa: SIM905  a list would be a word a line
)
# Of these the page has many; one of them is its subject only where it says so.
PART_TYPES = frozenset(("ImageObject", "Review"))
# What articles hold, and some pages are about.
EMBEDDED_TYPES = frozenset(("VideoObject", "AudioObject", "Product", "Event", "Dataset", "MusicRecording"))
SITE_TYPES = frozenset(
    """
    WebSite Organization NewsMediaOrganization Corporation
    """.split()  # noqa: SIM905  a list would be a word a line
)
PAGE_TYPES = frozenset(
    """
    WebPage ItemPage AboutPage CollectionPage FAQPage ProfilePage ContactPage
    """.split()  # noqa: SIM905  a list would be a word a line
)
# What Drupal and others call a page in RDFa: SIOC (rdfs.org/sioc), FOAF.
DOCUMENT_TYPES = frozenset(("Document", "Item", "Post", "BlogPost", "WikiArticle"))
