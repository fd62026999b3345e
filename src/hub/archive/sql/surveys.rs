//! The statements about surveys: what was published for whom.

use std::collections::BTreeSet;

use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::surveys::{Publication, Scope};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, Value, Written, values};
use crate::hub::rules::scope::{self, Newest, Place};
use crate::wire::survey::Survey;

const SELECT: &str = "select publication, published_ms, survey.shop_group, shop.id as shop, \
                      touchpoint, content from survey left join shop on shop.no = survey.shop";

impl Archive {
    /// Publishes a survey, as JSON, or withdraws that of a scope; returns its number, or none when
    /// the scope names an unknown shop.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn publish(
        &self,
        scope: Scope,
        content: Option<String>,
        now_ms: i64,
    ) -> Result<Option<u64>, Error> {
        self.write("publish a survey", move |tx| {
            Box::pin(async move { publish(tx, scope, content, now_ms).await })
        })
        .await
    }

    /// The survey that is meant for a kiosk, if there is one.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn survey(&self, kiosk: String) -> Result<Option<Publication>, Error> {
        self.read("look up a survey", move |tx| {
            Box::pin(async move {
                let Some(place) = place(tx, &kiosk).await? else {
                    return Ok(None);
                };
                let Some(number) = of_place(tx, &place).await? else {
                    return Ok(None);
                };
                let sql = format!("{SELECT} where publication = $1");
                tx.row(&sql, &values![number]).await?.as_ref().map(publication).transpose()
            })
        })
        .await
    }

    /// Every survey that was ever published, the newest first.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn surveys(&self) -> Result<Vec<Publication>, Error> {
        self.read("list the surveys", |tx| {
            Box::pin(async move {
                let sql = format!("{SELECT} order by publication desc");
                tx.rows(&sql, &[]).await?.iter().map(publication).collect()
            })
        })
        .await
    }
}

async fn publish(
    tx: &mut dyn Tx,
    scope: Scope,
    content: Option<String>,
    now_ms: i64,
) -> Result<Option<u64>, Failure> {
    let Scope { group, shop, touchpoint } = scope;
    let shop = match shop {
        None => None,
        Some(id) => {
            let sql = "select no from shop where id = $1";
            let Some(row) = tx.row(sql, &values![id]).await? else {
                return Ok(None);
            };
            Some(row.get::<i64>("no")?)
        }
    };
    let asked = content.as_deref().map(asked).unwrap_or_default();
    let number = next_number(tx).await?;
    let sql = "insert into survey (publication, published_ms, shop_group, shop, touchpoint, \
               content) values ($1, $2, $3, $4, $5, $6)";
    tx.execute(sql, &values![number, now_ms, group, shop, touchpoint, content]).await?;
    let sql = "insert into published (publication, question, version, scale) \
               values ($1, $2, $3, $4)";
    let each = asked
        .into_iter()
        .map(|(question, version, scale)| values![number, question, version, scale].to_vec());
    tx.execute_each(sql, &each.collect::<Vec<_>>()).await?;
    Ok(Some(number))
}

/// The number of the next publication. Whoever draws it holds up all others until the commit, so
/// that publications are numbered as they are committed.
async fn next_number(tx: &mut dyn Tx) -> Result<u64, Failure> {
    let sql = "insert into meta (key, value) values ('survey', 0) on conflict (key) do nothing";
    tx.execute(sql, &[]).await?;
    tx.lock("select value from meta where key = 'survey'", &[]).await?;
    let row = tx.row("select max(publication) as last from survey", &[]).await?;
    let last: Option<u64> = row.map_or(Ok(None), |row| row.get("last"))?;
    Ok(last.unwrap_or(0) + 1)
}

/// What a survey asks: each question's short name, version and number of faces.
fn asked(content: &str) -> BTreeSet<(String, u32, u8)> {
    // It was checked before it was published; what cannot be read has no lines of its own.
    let survey: Survey = serde_json::from_str(content).unwrap_or_default();
    let questions = survey.questions.into_iter();
    questions.map(|question| (question.id, question.version, question.scale)).collect()
}

/// Notes that a kiosk was told to ask a publication.
pub(super) async fn note_given(
    tx: &mut dyn Tx,
    kiosk: i64,
    publication: u64,
) -> Result<(), Failure> {
    let sql = "insert into given (kiosk, publication) values ($1, $2) \
               on conflict (kiosk, publication) do nothing";
    tx.execute_later(sql, vec![values![kiosk, publication].into()]).await
}

async fn place(tx: &mut dyn Tx, kiosk: &str) -> Result<Option<Place>, Failure> {
    let sql = "select shop_group, shop.id as shop, touchpoint from kiosk \
               join shop on shop.no = kiosk.shop where kiosk.id = $1";
    let row = tx.row(sql, &values![kiosk]).await?;
    let place = |row: Row| {
        Ok(Place {
            group: row.get("shop_group")?,
            shop: row.get("shop")?,
            touchpoint: row.get("touchpoint")?,
        })
    };
    row.map(place).transpose()
}

/// The number of the survey that is meant for a kiosk in this place.
pub(super) async fn of_place(tx: &mut dyn Tx, place: &Place) -> Result<Option<u64>, Failure> {
    let scopes = scope::around(place);
    let (sql, values) = newest_around(place, &scopes);
    let mut newest = Vec::new();
    for row in tx.rows(&sql, &values).await? {
        if let Some(scope) = scopes.get(row.get::<usize>("at")?) {
            newest.push(Newest {
                number: row.get("publication")?,
                scope: scope.clone(),
                is_withdrawn: row.get("is_withdrawn")?,
            });
        }
    }
    Ok(scope::choose(&newest, place))
}

/// Asks ahead for what [`of_place`] asks.
pub(super) fn ask_ahead(tx: &mut dyn Tx, place: &Place) {
    let (sql, values) = newest_around(place, &scope::around(place));
    tx.ask_ahead(&sql, values);
}

/// The question for the newest publication of each of the scopes around a place. Every delivery
/// asks this: one question for all, of which each part is one look at the index.
fn newest_around(place: &Place, scopes: &[Scope]) -> (String, Vec<Value>) {
    let each: Vec<String> = scopes.iter().enumerate().map(newest_of).collect();
    let mut values = values![&place.shop, &place.touchpoint].to_vec();
    values.extend(place.group.as_ref().map(Written::value));
    (each.join(" union all "), values)
}

/// The question for the newest publication of one of the scopes around a place, whose shop is $1,
/// touchpoint $2 and group $3.
fn newest_of((at, scope): (usize, &Scope)) -> String {
    let is = |named: &Option<String>, value| named.as_ref().map_or("is null", |_| value);
    let (group, shop, touchpoint) = (
        is(&scope.group, "= $3"),
        is(&scope.shop, "= (select no from shop where id = $1)"),
        is(&scope.touchpoint, "= $2"),
    );
    format!(
        "select * from (select {at} as at, publication, \
         case when content is null then 1 else 0 end as is_withdrawn from survey \
         where shop_group {group} and shop {shop} and touchpoint {touchpoint} \
         order by publication desc limit 1) as newest_{at}"
    )
}

fn publication(row: &Row) -> Result<Publication, Failure> {
    Ok(Publication {
        number: row.get("publication")?,
        published_ms: row.get("published_ms")?,
        scope: Scope {
            group: row.get("shop_group")?,
            shop: row.get("shop")?,
            touchpoint: row.get("touchpoint")?,
        },
        content: row.get("content")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::places::tests::archive;
    use super::*;

    const SURVEY: &str = r#"{"version": 1, "questions": [
        {"id": "bakery", "version": 2, "scale": 5}, {"id": "bakery", "version": 2, "scale": 5},
        {"id": "exit", "version": 1, "scale": 4}]}"#;

    fn scope(group: Option<&str>, shop: Option<&str>, touchpoint: Option<&str>) -> Scope {
        let [group, shop, touchpoint] = [group, shop, touchpoint].map(|it| it.map(str::to_owned));
        Scope { group, shop, touchpoint }
    }

    #[tokio::test]
    async fn a_kiosk_is_given_the_narrowest_survey_and_none_that_was_withdrawn() {
        let (_folder, archive) = archive().await;
        let publish = async |scope, content: Option<&str>| {
            archive.publish(scope, content.map(str::to_owned), 7).await.unwrap()
        };
        let given = async || {
            let given = archive.survey("exit".to_owned()).await.unwrap();
            given.map(|publication| publication.number)
        };
        assert_eq!(given().await, None);
        assert_eq!(archive.survey("nothing".to_owned()).await.unwrap(), None);
        let narrow = || scope(None, Some("kallio"), Some("Exit"));
        assert_eq!(publish(Scope::default(), Some(SURVEY)).await, Some(1));
        assert_eq!(publish(scope(None, Some("turku"), None), Some(SURVEY)).await, Some(2));
        assert_eq!(publish(scope(Some("north"), None, None), Some(SURVEY)).await, Some(3));
        assert_eq!(given().await, Some(1));
        assert_eq!(publish(narrow(), Some(SURVEY)).await, Some(4));
        assert_eq!(given().await, Some(4));
        assert_eq!(publish(narrow(), None).await, Some(5));
        assert_eq!(given().await, Some(1));
        assert_eq!(publish(scope(None, Some("nowhere"), None), Some(SURVEY)).await, None);
        let all = archive.surveys().await.unwrap();
        assert_eq!(all.iter().map(|it| it.number).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
        let withdrawn = Publication { number: 5, published_ms: 7, scope: narrow(), content: None };
        assert_eq!(all[0], withdrawn);
    }

    #[tokio::test]
    async fn a_group_of_shops_has_its_own_survey() {
        let (_folder, archive) = archive().await;
        let said = crate::hub::archive::Correction {
            group: Some(Some("north".to_owned())),
            ..Default::default()
        };
        assert!(archive.correct_shop("kallio".to_owned(), 0, said, 0).await.unwrap());
        for group in [None, Some("north"), Some("south")] {
            let content = Some(SURVEY.to_owned());
            archive.publish(scope(group, None, None), content, 7).await.unwrap();
        }
        let given = archive.survey("exit".to_owned()).await.unwrap().unwrap();
        assert_eq!((given.number, given.scope.group.as_deref()), (2, Some("north")));
    }

    #[tokio::test]
    async fn what_a_publication_asks_and_who_was_given_it_is_noted_once() {
        let (_folder, archive) = archive().await;
        archive.publish(Scope::default(), Some(SURVEY.to_owned()), 7).await.unwrap();
        archive.publish(Scope::default(), Some("not JSON".to_owned()), 7).await.unwrap();
        let noted = archive.write("note a survey", |tx| {
            Box::pin(async move {
                for publication in [1, 1, 2] {
                    note_given(tx, 1, publication).await?;
                }
                let sql = "select publication, question, version, scale from published \
                           order by publication, question";
                let asked = tx.rows(sql, &[]).await?;
                let line = |row: &Row| -> Result<_, Failure> {
                    let (number, version): (i64, i64) = (row.get(0)?, row.get(2)?);
                    Ok(format!(
                        "{number} {} {version} {}",
                        row.get::<String>(1)?,
                        row.get::<u8>(3)?
                    ))
                };
                let asked = asked.iter().map(line).collect::<Result<Vec<_>, _>>()?;
                let given = tx.rows("select publication from given", &[]).await?;
                Ok((asked, given.len()))
            })
        });
        let (asked, given) = noted.await.unwrap();
        assert_eq!((asked, given), (vec!["1 bakery 2 5".to_owned(), "1 exit 1 4".to_owned()], 2));
    }
}
